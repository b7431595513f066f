import { encodeGreyPng } from './png';
import { paint, Stroke } from './strokes';

/// A picture to send to the server. The boxes of the reading are in its pixels.
export interface Picture {
  readonly file: Blob;
  readonly width: number;
  readonly height: number;
}

/// The size of the sheet in its own units, and pixels of the picture per unit.
export const SHEET = { width: 640, height: 480 };
const SCALE = 0.5;

const canvas = document.createElement('canvas');
canvas.width = SHEET.width * SCALE;
canvas.height = SHEET.height * SCALE;
const context = canvas.getContext('2d', { willReadFrequently: true }) as CanvasRenderingContext2D;

/// The drawing in black on white, whatever the colour scheme of the page.
export async function rasterize(strokes: readonly Stroke[]): Promise<Picture> {
  const { width, height } = canvas;
  context.setTransform(SCALE, 0, 0, SCALE, 0, 0);
  context.fillStyle = '#fff';
  context.fillRect(0, 0, SHEET.width, SHEET.height);
  paint(context, strokes, '#000');
  const { data } = context.getImageData(0, 0, width, height);
  const grey = new Uint8Array(width * height);
  for (let i = 0; i < grey.length; ++i) grey[i] = data[4 * i] as number;
  return { file: await encodeGreyPng(grey, width, height), width, height };
}
