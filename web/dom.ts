/// The element with this id in index.html. Throws if there is none.
export function byId<T extends Element = HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`index.html: expected an element #${id}`);
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

/// "99.98 %". A share below 1 never becomes 100 %.
export function percent(share: number): string {
  return `${(share < 1 ? Math.min(Math.round(share * 1e4), 9999) / 100 : 100).toFixed(2)} %`;
}
