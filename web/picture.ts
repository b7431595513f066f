import { Picture } from './raster';

// Pixels of the longer side. Larger photographs show digits no better, and take longer to send and
// to read.
const MAX_SIDE = 2400;

// Formats that the server decodes. Others that the browser can show are sent as PNG.
const READABLE = ['image/png', 'image/jpeg', 'image/webp'];

export interface Opened extends Picture {
  /// Undefined if the browser cannot decode it; the server then reports the error.
  readonly shown: ImageBitmap | undefined;
}

function toBlob(canvas: HTMLCanvasElement, type: string): Promise<Blob> {
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('the picture is too large'))), type, 0.92);
  });
}

/// The picture in a file, reduced to `MAX_SIDE` and converted to PNG if necessary.
export async function openPicture(file: File): Promise<Opened> {
  const shown = await createImageBitmap(file).catch(() => undefined);
  if (!shown) return { file, width: 0, height: 0, shown };
  const scale = Math.min(1, MAX_SIDE / Math.max(shown.width, shown.height));
  if (scale === 1 && READABLE.includes(file.type))
    return { file, width: shown.width, height: shown.height, shown };
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(shown.width * scale));
  canvas.height = Math.max(1, Math.round(shown.height * scale));
  const context = canvas.getContext('2d') as CanvasRenderingContext2D;
  context.imageSmoothingQuality = 'high';
  context.drawImage(shown, 0, 0, canvas.width, canvas.height);
  const type = file.type === 'image/jpeg' ? 'image/jpeg' : 'image/png';
  return { file: await toBlob(canvas, type), width: canvas.width, height: canvas.height, shown };
}

/// Calls `opened` with each picture that is dropped on the page or pasted into it.
export function listenForPictures(target: HTMLElement, opened: (file: File) => void): void {
  const first = (data: DataTransfer | null): File | undefined =>
    [...(data?.files ?? [])].find((file) => file.type.startsWith('image/')) ?? data?.files[0];
  document.addEventListener('paste', (event) => {
    const file = first(event.clipboardData);
    if (file) opened(file);
  });
  document.addEventListener('dragover', (event) => {
    event.preventDefault();
    target.classList.add('receives');
  });
  document.addEventListener('dragleave', (event) => {
    if (!event.relatedTarget) target.classList.remove('receives');
  });
  document.addEventListener('drop', (event) => {
    event.preventDefault();
    target.classList.remove('receives');
    const file = first(event.dataTransfer);
    if (file) opened(file);
  });
}
