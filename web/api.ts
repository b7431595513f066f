// The server's routes, documented in docs/serving.md and /openapi.json.

export interface ServedModel {
  readonly name: string;
  readonly class_names: string[];
}

export interface PageInfo {
  readonly models: ServedModel[];
  readonly reads: boolean;
  readonly corrections: boolean;
  readonly runs: boolean;
}

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export interface Digit {
  readonly label: string;
  readonly rejected: boolean;
  readonly probability: number;
  readonly probabilities: number[];
  readonly line: number;
  readonly box: Box;
  readonly image: string;
}

export interface Reading {
  readonly width: number;
  readonly height: number;
  readonly text: string;
  readonly num_lines: number;
  readonly digits: Digit[];
}

export interface Explanation {
  readonly class: string;
  readonly against: string;
  readonly evidence: number[];
  readonly nearest: { readonly label: string; readonly image: string; readonly distance: number }[];
  readonly no_nearest?: string;
  readonly pending: boolean;
}

export interface Run {
  readonly name: string;
  readonly accuracy?: number;
  readonly modified: string;
  readonly report: string;
}

/// A failed request, with the server's message; status 0 if there was no response.
export class RequestError extends Error {
  constructor(readonly status: number, message: string) {
    super(message);
  }
}

async function ask<T>(path: string, options: RequestInit = {}): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, { credentials: 'same-origin', ...options });
  } catch {
    throw new RequestError(0, 'The server does not respond.');
  }
  const json = await response.json().catch(() => undefined);
  const { ok, status } = response;
  if (!ok) throw new RequestError(status, json?.error ?? `The server responded with status ${status}.`);
  if (json === undefined) throw new RequestError(status, 'The server’s response is not valid JSON.');
  return json as T;
}

function post<T>(path: string, body: unknown): Promise<T> {
  return ask(path, {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body),
  });
}

const of = (model: string): string => `?model=${encodeURIComponent(model)}`;

export const pageInfo = (): Promise<PageInfo> => ask('v1/page');

export const signIn = (token: string): Promise<unknown> => post('v1/session', { token });

/// "quick" is for a drawing during a stroke: no search for skew, ruled lines and touching digits.
export type Effort = 'quick' | 'full';

export const read = (model: string, picture: Blob, effort: Effort): Promise<Reading> =>
  ask(`v1/read${of(model)}&effort=${effort}`, {
    method: 'POST', headers: { 'Content-Type': picture.type || 'image/unknown' }, body: picture,
  });

export const explain = (model: string, image: string, label: string): Promise<Explanation> =>
  post(`v1/explain${of(model)}`, { image, class: label });

/// Saves an image under a class. `replaces` is what an earlier correction of the same digit was saved as.
export const correct = (model: string, image: string, label: string, replaces?: string): Promise<{ saved: string }> =>
  post(`v1/corrections${of(model)}`, replaces === undefined ? { image, label } : { image, label, replaces });

export const runs = (): Promise<{ runs: Run[] }> => ask('v1/runs');
