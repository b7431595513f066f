import { make } from './dom';

// Images of 28×28 pixels, the inputs of the network: light on black.

export const SIDE = 28;

/// Pixels from base64.
export function decodePixels(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

type Colour = readonly [number, number, number];
const FOR: Colour = [255, 150, 50];
const AGAINST: Colour = [70, 165, 255];

function picture(label: string, colourOf: (pixel: number) => Colour): HTMLCanvasElement {
  const canvas = make('canvas', { width: SIDE, height: SIDE, class: 'pixels' });
  if (label) {
    canvas.setAttribute('role', 'img');
    canvas.setAttribute('aria-label', label);
  } else {
    canvas.setAttribute('aria-hidden', 'true');
  }
  const context = canvas.getContext('2d') as CanvasRenderingContext2D;
  const image = context.createImageData(SIDE, SIDE);
  for (let i = 0; i < SIDE * SIDE; ++i) image.data.set([...colourOf(i), 255], 4 * i);
  context.putImageData(image, 0, 0);
  return canvas;
}

/// An image. Without a label it is hidden from screen readers.
export function digitPicture(pixels: Uint8Array, label = ''): HTMLCanvasElement {
  return picture(label, (i) => {
    const ink = pixels[i] ?? 0;
    return [ink, ink, ink];
  });
}

/// An image tinted orange where it supports a class (evidence > 0) and blue where it does not.
export function evidencePicture(
  pixels: Uint8Array, evidence: readonly number[], label: string): HTMLCanvasElement {
  const strongest = Math.max(1e-6, ...evidence.map(Math.abs));
  return picture(label, (i) => {
    const ink = (pixels[i] ?? 0) * 0.6;
    const strength = (evidence[i] ?? 0) / strongest;
    const tint = strength > 0 ? FOR : AGAINST;
    const share = Math.sqrt(Math.abs(strength)) * 0.9;
    const mix = (channel: 0 | 1 | 2): number => ink * (1 - share) + tint[channel] * share;
    return [mix(0), mix(1), mix(2)];
  });
}
