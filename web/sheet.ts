import { Box, Digit } from './api';
import { byId, makeSvg } from './dom';
import { SHEET } from './raster';
import { paint, Point, Strokes } from './strokes';

const STEP = 16;
const FINE_STEP = 4;
const ARROWS: Record<string, Point> = {
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  ArrowUp: { x: 0, y: -1 },
  ArrowDown: { x: 0, y: 1 },
};

export interface SheetEvents {
  /// The drawing has changed, or the picture was removed.
  drawn(): void;
  /// A stroke is complete.
  lifted(): void;
  /// Announces a text to screen readers.
  announce(text: string): void;
}

/// The area for drawings and pictures, with boxes over it.
export class Sheet {
  readonly strokes = new Strokes(() => {
    this.picture = undefined;
    this.repaint();
    this.events.drawn();
  });
  penWidth = 24;

  private readonly canvas = byId<HTMLCanvasElement>('ink');
  private readonly boxes = byId<SVGSVGElement>('boxes');
  private readonly hint = byId('hint');
  private readonly context = this.canvas.getContext('2d') as CanvasRenderingContext2D;
  private picture: ImageBitmap | undefined;
  private pointer: number | undefined;
  private sawStylus = false;
  private readonly keys = { at: { x: SHEET.width / 2, y: SHEET.height / 4 }, down: false, shown: false };
  private asked = false;

  constructor(private readonly events: SheetEvents) {
    this.listenToPointer();
    this.listenToKeys();
    new ResizeObserver(() => this.repaint()).observe(this.canvas);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.repaint());
  }

  get isPenDown(): boolean {
    return this.pointer !== undefined || this.keys.down;
  }

  /// Shows a picture on the empty sheet; undefined removes it.
  showPicture(picture: ImageBitmap | undefined): void {
    this.picture = picture;
    this.repaint();
  }

  /// Draws frames around the digits of a picture of `width` × `height`; that of `chosen` is bolder.
  showBoxes(digits: readonly Digit[], width: number, height: number, chosen: number): void {
    this.boxes.setAttribute('viewBox', `0 0 ${width} ${height}`);
    const unit = Math.max(width / SHEET.width, height / SHEET.height);
    this.boxes.replaceChildren(...digits.map((digit, index) => {
      const { left, top, width: w, height: h }: Box = digit.box;
      const margin = 6 * unit;
      return makeSvg('g', { class: index === chosen ? 'chosen' : '' },
        makeSvg('rect', {
          x: left - margin, y: top - margin, width: w + 2 * margin, height: h + 2 * margin, rx: 5 * unit,
        }),
        makeSvg('text', {
          x: left - margin, y: top > 40 * unit ? top - margin - 5 * unit : top + h + margin + 24 * unit,
          'font-size': 24 * unit,
        }, digit.rejected ? '?' : digit.label));
    }));
  }

  clear(): void {
    if (!this.strokes.isEmpty) return this.strokes.clear();
    this.picture = undefined;
    this.repaint();
    this.events.drawn();
  }

  // At most once per frame.
  private repaint(): void {
    if (this.asked) return;
    this.asked = true;
    requestAnimationFrame(() => {
      this.asked = false;
      this.paintNow();
    });
  }

  private paintNow(): void {
    const box = this.canvas.getBoundingClientRect();
    if (box.width === 0) return;
    const scale = (devicePixelRatio * box.width) / SHEET.width;
    const [width, height] = [Math.round(SHEET.width * scale), Math.round(SHEET.height * scale)];
    if (this.canvas.width !== width || this.canvas.height !== height)
      Object.assign(this.canvas, { width, height });
    this.context.setTransform(scale, 0, 0, scale, 0, 0);
    this.context.clearRect(0, 0, SHEET.width, SHEET.height);
    if (this.picture) this.paintPicture(this.picture);
    paint(this.context, this.strokes.all, getComputedStyle(this.canvas).color);
    if (this.keys.shown) this.paintCross();
    this.hint.hidden = !this.strokes.isEmpty || this.picture !== undefined;
  }

  // Centred and fitted, like SVG's preserveAspectRatio="xMidYMid meet".
  private paintPicture(picture: ImageBitmap): void {
    const scale = Math.min(SHEET.width / picture.width, SHEET.height / picture.height);
    const [width, height] = [picture.width * scale, picture.height * scale];
    this.context.drawImage(
      picture, (SHEET.width - width) / 2, (SHEET.height - height) / 2, width, height);
  }

  private paintCross(): void {
    const { at: { x, y }, down } = this.keys;
    const context = this.context;
    context.strokeStyle = getComputedStyle(this.canvas).getPropertyValue('--accent');
    context.lineWidth = 2.5;
    context.beginPath();
    context.arc(x, y, Math.max(this.penWidth / 2, 6), 0, 2 * Math.PI);
    if (!down) {
      for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]] as const) {
        context.moveTo(x + 6 * dx, y + 6 * dy);
        context.lineTo(x + 22 * dx, y + 22 * dy);
      }
    }
    context.stroke();
  }

  private place(event: PointerEvent): Point {
    const box = this.canvas.getBoundingClientRect();
    return {
      x: ((event.clientX - box.left) / box.width) * SHEET.width,
      y: ((event.clientY - box.top) / box.height) * SHEET.height,
    };
  }

  private listenToPointer(): void {
    const canvas = this.canvas;
    canvas.addEventListener('pointerdown', (event) => {
      if (event.pointerType === 'pen') this.sawStylus = true;
      // Ignores a hand that rests on the screen beside the stylus.
      const isPalm = event.pointerType === 'touch' && this.sawStylus;
      if (this.pointer !== undefined || event.button !== 0 || isPalm) return;
      canvas.setPointerCapture(event.pointerId);
      this.pointer = event.pointerId;
      this.keys.shown = false;
      this.strokes.begin(this.place(event), this.penWidth);
    });
    canvas.addEventListener('pointermove', (event) => {
      if (event.pointerId !== this.pointer) return;
      const all = event.getCoalescedEvents?.() ?? [];
      this.strokes.extend((all.length > 0 ? all : [event]).map((each) => this.place(each)));
    });
    for (const end of ['pointerup', 'pointercancel'] as const)
      canvas.addEventListener(end, (event) => {
        if (event.pointerId !== this.pointer) return;
        this.pointer = undefined;
        this.events.lifted();
      });
  }

  private listenToKeys(): void {
    this.canvas.addEventListener('keydown', (event) => {
      const arrow = ARROWS[event.key];
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (arrow) this.move(arrow, event.shiftKey ? FINE_STEP : STEP);
      else if (event.key === ' ' || event.key === 'Enter') this.togglePen();
      else if (event.key === 'Escape' && this.keys.down) this.togglePen();
      else if (event.key === 'Delete' || event.key === 'Backspace') this.clear();
      else return;
      event.preventDefault();
    });
    this.canvas.addEventListener('blur', () => {
      if (this.keys.down) this.togglePen();
      this.keys.shown = false;
      this.repaint();
    });
  }

  private move(arrow: Point, step: number): void {
    const within = (value: number, most: number): number => Math.min(Math.max(value, 0), most);
    this.keys.shown = true;
    this.keys.at = {
      x: within(this.keys.at.x + arrow.x * step, SHEET.width),
      y: within(this.keys.at.y + arrow.y * step, SHEET.height),
    };
    if (this.keys.down) this.strokes.extend([this.keys.at]);
    this.repaint();
  }

  private togglePen(): void {
    this.keys.shown = true;
    this.keys.down = !this.keys.down;
    this.events.announce(this.keys.down ? 'Pen down' : 'Pen up');
    if (this.keys.down) this.strokes.begin(this.keys.at, this.penWidth);
    else this.events.lifted();
    this.repaint();
  }
}
