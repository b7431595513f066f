/// The element of this id, which index.html has.
export function byId<T extends Element = HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found as unknown as T;
}

type Attributes = Record<string, string | number | boolean>;

function fill(node: Element, attributes: Attributes, children: (Node | string)[]): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) node.setAttribute(name, '');
    else if (value !== false) node.setAttribute(name, String(value));
  }
  node.append(...children);
}

/// A new HTML element. Attributes that are `false` are left out.
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K, attributes: Attributes = {}, ...children: (Node | string)[]): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag);
  fill(node, attributes, children);
  return node;
}

/// A new SVG element.
export function makeSvg<K extends keyof SVGElementTagNameMap>(
  tag: K, attributes: Attributes = {}, ...children: (Node | string)[]): SVGElementTagNameMap[K] {
  const node = document.createElementNS('http://www.w3.org/2000/svg', tag);
  fill(node, attributes, children);
  return node;
}

/// "99.98 %", never 100 % of what is less than that.
export function percent(probability: number): string {
  const shown = 100 * probability;
  const digits = shown >= 99.95 || shown < 9.95 ? 2 : 1;
  const limit = 10 ** digits;
  const rounded = probability < 1 ? Math.min(Math.round(shown * limit), 100 * limit - 1) : 100 * limit;
  return `${(rounded / limit).toFixed(digits)} %`;
}
