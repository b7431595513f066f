export interface Point {
  readonly x: number;
  readonly y: number;
}

/// One movement of the pen, in units of the sheet.
export interface Stroke {
  readonly width: number;
  readonly points: Point[];
}

type Drawing = readonly Stroke[];

/// The drawing as a list of strokes, with its earlier versions for undo.
export class Strokes {
  private drawing: Drawing = [];
  private past: Drawing[] = [];

  /// `changed` is called after every change.
  constructor(private readonly changed: () => void) {}

  get all(): Drawing {
    return this.drawing;
  }
  get isEmpty(): boolean {
    return this.drawing.length === 0;
  }
  get canUndo(): boolean {
    return this.past.length > 0;
  }
  get lastPoint(): Point | undefined {
    const points = this.drawing[this.drawing.length - 1]?.points;
    return points?.[points.length - 1];
  }

  begin(point: Point, width: number): void {
    this.replace([...this.drawing, { width, points: [point] }]);
  }

  /// Adds points to the newest stroke.
  extend(points: Point[]): void {
    const newest = this.drawing[this.drawing.length - 1];
    if (!newest || points.length === 0) return;
    newest.points.push(...points);
    this.changed();
  }

  clear(): void {
    if (!this.isEmpty) this.replace([]);
  }

  undo(): void {
    const before = this.past.pop();
    if (!before) return;
    this.drawing = before;
    this.changed();
  }

  private replace(drawing: Drawing): void {
    this.past.push(this.drawing);
    this.drawing = drawing;
    this.changed();
  }
}

/// Draws strokes as round lines, smoothed by curves through the middles between points.
export function paint(context: CanvasRenderingContext2D, strokes: Drawing, colour: string): void {
  context.strokeStyle = colour;
  context.lineCap = 'round';
  context.lineJoin = 'round';
  for (const { width, points } of strokes) {
    const [first, ...rest] = points;
    if (!first) continue;
    context.lineWidth = width;
    context.beginPath();
    context.moveTo(first.x, first.y);
    let from = first;
    for (const to of rest) {
      context.quadraticCurveTo(from.x, from.y, (from.x + to.x) / 2, (from.y + to.y) / 2);
      from = to;
    }
    context.lineTo(from.x, from.y);
    context.stroke();
  }
}
