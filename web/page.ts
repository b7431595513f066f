import { Answer } from './answer';
import { Effort, pageInfo, PageInfo, read, Reading, RequestError, ServedModel, signIn } from './api';
import { Detail } from './detail';
import { byId, make } from './dom';
import { newestOnly } from './newest';
import { listenForPictures, openPicture } from './picture';
import { rasterize, SHEET } from './raster';
import { showRuns } from './runs';
import { Sheet } from './sheet';
import { Point } from './strokes';

// Milliseconds before an unchanged reading is announced to screen readers.
const SETTLED = 600;

// Milliseconds between pen-up and the full reading of a drawing.
const PAUSE = 200;

// Performance marks, for the browser's tools and the tests.
const LIFTED = 'digitry pen-up';
const SHOWN = 'digitry pen-up to number';

function announce(text: string): void {
  byId('announcement').textContent = text;
}

function spoken(reading: Reading): string {
  const count = reading.digits.length;
  if (count === 0) return 'No digit';
  const text = reading.digits.map((digit) => (digit.rejected ? 'rejected' : digit.label)).join(' ');
  return count === 1 ? `Read ${text}` : `Read ${text}, ${count} digits`;
}

/// The index of the digit nearest to the point; 0 without a point.
function digitAt(reading: Reading, point: Point | undefined): number {
  if (!point) return 0;
  const scale = reading.width / SHEET.width;
  const distance = reading.digits.map(({ box }) =>
    Math.hypot(box.left + box.width / 2 - point.x * scale, box.top + box.height / 2 - point.y * scale));
  return Math.max(0, distance.indexOf(Math.min(...distance)));
}

/// A request to read a file, or the drawing as it is when the job runs.
type Job = { file: File | undefined; effort: Effort };

class Reader {
  private readonly sheet = new Sheet({
    drawn: () => this.drawn(),
    lifted: () => this.lifted(),
    announce,
  });
  private readonly answer = new Answer((index) => {
    this.chosen = index;
    this.showChosen();
  });
  private readonly detail: Detail;
  // Full readings have a queue of their own, so that they do not delay the quick ones during a stroke.
  private readonly request = {
    quick: newestOnly<Job>((job) => this.read(job)),
    full: newestOnly<Job>((job) => this.read(job)),
  };
  private model: ServedModel;
  private reading: Reading | undefined;
  private chosen = 0;
  private version = 0;       // Counts changes of the sheet.
  private shownVersion = 0;  // The version that the reading is of.
  private clearVersion = 0;  // When the sheet was last empty: readings of earlier versions are dropped.
  private isLifted = false;  // A stroke is complete, and its reading is not shown yet.
  private file: File | undefined;
  private timer = 0;
  private pause = 0;

  constructor(private readonly info: PageInfo) {
    this.model = info.models[0] as ServedModel;
    this.detail = new Detail(info.corrections);
    this.detail.useModel(this.model);
    this.listenToTools();
    this.listenToModels();
    listenForPictures(byId('sheet'), (file) => this.open(file));
  }

  private listenToTools(): void {
    const pen = byId<HTMLInputElement>('pen');
    const usePen = (): void => {
      this.sheet.penWidth = Number(pen.value);
      byId('nib').style.setProperty('--nib', `${pen.value}px`);
    };
    pen.addEventListener('input', usePen);
    usePen();
    byId('undo').addEventListener('click', () => this.sheet.strokes.undo());
    byId('clear').addEventListener('click', () => this.clear());
    document.addEventListener('keydown', (event) => {
      if (!(event.ctrlKey || event.metaKey) || event.shiftKey || event.key.toLowerCase() !== 'z') return;
      event.preventDefault();
      this.sheet.strokes.undo();
    });
    for (const id of ['open', 'camera']) {
      const input = byId<HTMLInputElement>(id);
      input.addEventListener('change', () => {
        const file = input.files?.[0];
        input.value = '';  // So that the same file can be opened again.
        if (file) this.open(file);
      });
    }
  }

  private listenToModels(): void {
    const select = byId<HTMLSelectElement>('model');
    select.replaceChildren(...this.info.models.map(({ name }) => make('option', { value: name }, name)));
    select.addEventListener('change', () => {
      this.model = this.info.models[select.selectedIndex] as ServedModel;
      this.detail.hide();
      this.detail.useModel(this.model);
      if (this.file || !this.sheet.strokes.isEmpty) this.ask();
    });
  }

  private clear(): void {
    this.sheet.clear();
    byId('ink').focus({ preventScroll: true });
    announce('Cleared');
  }

  private open(file: File): void {
    this.sheet.clear();
    clearTimeout(this.pause);
    this.detail.forgetCorrections();
    this.file = file;
    this.ask();
  }

  private drawn(): void {
    this.file = undefined;
    if (this.sheet.strokes.isEmpty) return this.forget();
    this.ask();
    this.requestFull();
  }

  // The quick reading of the stroke was requested by `drawn`.
  private lifted(): void {
    performance.mark(LIFTED);
    this.isLifted = true;
    if (this.shownVersion === this.version) this.measure();
    this.requestFull();
  }

  // Only a full reading finds digits that touch or are in pieces.
  private requestFull(): void {
    clearTimeout(this.pause);
    if (this.sheet.isPenDown) return;
    this.pause = window.setTimeout(() => this.request.full({ file: undefined, effort: 'full' }), PAUSE);
  }

  // Requests a reading of the sheet.
  private ask(): void {
    ++this.version;
    this.isLifted = false;
    this.refreshTools();
    const effort = this.file ? 'full' : 'quick';
    this.request[effort]({ file: this.file, effort });
  }

  // The sheet is empty.
  private forget(): void {
    this.refreshTools();
    this.clearVersion = ++this.version;
    this.reading = undefined;
    this.showProblem('');
    clearTimeout(this.timer);
    clearTimeout(this.pause);
    this.answer.showNothing();
    this.detail.hide();
    this.detail.forgetCorrections();
    this.sheet.showBoxes([], 1, 1, 0);
  }

  private refreshTools(): void {
    const { strokes } = this.sheet;
    byId<HTMLButtonElement>('undo').disabled = !strokes.canUndo;
    byId<HTMLButtonElement>('clear').disabled = strokes.isEmpty && !this.file;
  }

  private async pictureOf(job: Job): Promise<Blob> {
    if (!job.file) return (await rasterize(this.sheet.strokes.all)).file;
    this.answer.showNothing('Reading the picture …');
    const opened = await openPicture(job.file);
    if (job.file === this.file) this.sheet.showPicture(opened.shown);
    return opened.file;
  }

  private async read(job: Job): Promise<void> {
    const { version } = this;
    // A full reading is dropped once the drawing has changed.
    const outdated = (): boolean => version < this.clearVersion || job.file !== this.file
      || (job.effort === 'full' && version < this.version);
    if (outdated()) return;
    try {
      const reading = await read(this.model.name, await this.pictureOf(job), job.effort);
      if (outdated()) return;
      this.show(reading);
      this.shownVersion = version;
      if (this.isLifted && version === this.version) this.measure();
    } catch (error) {
      if (outdated()) return;
      this.answer.showNothing();
      this.detail.hide();
      this.showProblem(error instanceof RequestError ? error.message : 'This picture cannot be opened.');
    }
  }

  private showProblem(problem: string): void {
    const line = byId('problem');
    line.hidden = problem === '';
    line.textContent = problem;
  }

  private show(reading: Reading): void {
    this.reading = reading;
    this.showProblem('');
    this.chosen = digitAt(reading, this.file ? undefined : this.sheet.strokes.lastPoint);
    this.answer.show(reading, this.chosen);
    this.showChosen();
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => announce(spoken(reading)), SETTLED);
  }

  private showChosen(): void {
    const { reading, chosen } = this;
    if (!reading) return;
    this.answer.mark(chosen);
    this.sheet.showBoxes(reading.digits, reading.width, reading.height, chosen);
    const digit = reading.digits[chosen];
    if (digit) this.detail.show(digit);
    else this.detail.hide();
  }

  // Measures after the next paint.
  private measure(): void {
    this.isLifted = false;
    requestAnimationFrame(() => setTimeout(() => performance.measure(SHOWN, LIFTED)));
  }
}

function showView(info: PageInfo): void {
  const runsShown = info.runs && location.hash === '#runs';
  byId('read').hidden = runsShown;
  byId('runs').hidden = !runsShown;
  byId('model-choice').hidden = runsShown || info.models.length < 2;
  for (const link of document.querySelectorAll('#views a')) {
    const current = link.getAttribute('href') === (runsShown ? '#runs' : '#read');
    if (current) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  document.title = runsShown ? 'Runs – Digitry' : 'Digitry';
  if (runsShown) void showRuns();
}

function askForToken(): void {
  const form = byId<HTMLFormElement>('sign-in');
  const token = byId<HTMLInputElement>('token');
  form.hidden = false;
  token.focus();
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    signIn(token.value).then(
      () => location.reload(),
      (error: Error) => { byId('sign-in-problem').textContent = error.message; });
  });
}

async function start(): Promise<void> {
  try {
    const info = await pageInfo();
    if (info.models.length === 0) throw new RequestError(0, 'This server has no model for 28×28 grey images.');
    byId('views').hidden = !info.runs;
    new Reader(info);
    showView(info);
    addEventListener('hashchange', () => showView(info));
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    if (error.status === 401) return askForToken();
    byId('read').hidden = false;
    byId('text').textContent = '–';
    byId('remark').textContent = error.message;
  }
}

void start();
