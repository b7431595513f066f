import { Box, correct, Digit, explain, Explanation, RequestError, ServedModel } from './api';
import { byId, make, percent } from './dom';
import { decodePixels, digitPicture, evidencePicture } from './pixels';

// Milliseconds without a change before the explanation is requested, and between requests for a
// pending one.
const PAUSE = 250;
const RETRY = 1000;

// A saved correction of the digit in this box of the sheet.
interface Correction {
  readonly box: Box;
  readonly saved: string;
}

// Whether two boxes are of one digit: they share more than half of the smaller one.
function isSameDigit(a: Box, b: Box): boolean {
  const width = Math.min(a.left + a.width, b.left + b.width) - Math.max(a.left, b.left);
  const height = Math.min(a.top + a.height, b.top + b.height) - Math.max(a.top, b.top);
  return width > 0 && height > 0 && 2 * width * height > Math.min(a.width * a.height, b.width * b.height);
}

/// The details of one digit: its image, its probabilities, the evidence for it, the nearest training
/// images, and the buttons that correct it.
export class Detail {
  private readonly section = byId('detail');
  private readonly title = byId('detail-title');
  private readonly seen = byId('seen');
  private readonly evidence = byId('evidence');
  private readonly probabilities = byId('probabilities');
  private readonly nearest = byId('nearest');
  private readonly labels = byId('labels');
  private readonly saved = byId('saved');
  private model: ServedModel = { name: '', class_names: [] };
  private shown: Digit | undefined;
  private timer = 0;
  // Of what is on the sheet: a later reading cuts a digit out anew, and its image is another one.
  private corrections: Correction[] = [];

  constructor(private readonly keepsCorrections: boolean) {
    byId('correction').hidden = !keepsCorrections;
  }

  useModel(model: ServedModel): void {
    this.model = model;
    this.forgetCorrections();
    this.labels.replaceChildren(...(this.keepsCorrections ? model.class_names : []).map((label) => {
      const button = make('button', { type: 'button' }, label);
      button.addEventListener('click', () => void this.correct(label));
      return button;
    }));
  }

  /// Something else is on the sheet.
  forgetCorrections(): void {
    this.corrections = [];
  }

  hide(): void {
    clearTimeout(this.timer);
    this.shown = undefined;
    this.section.hidden = true;
  }

  show(digit: Digit): void {
    if (this.shown?.image !== digit.image) this.saved.textContent = '';
    const same = this.shown?.image === digit.image && this.shown.label === digit.label;
    this.shown = digit;
    this.section.hidden = false;
    this.title.textContent = digit.rejected ? `Probably not a digit. Nearest: ${digit.label}` : `Why ${digit.label}?`;
    this.showProbabilities(digit);
    if (same) return;
    const image = digitPicture(decodePixels(digit.image), 'The digit in 28 by 28 pixels');
    this.seen.replaceChildren(image, make('figcaption', {}, 'Input of the network'));
    this.section.classList.add('stale');
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.explain(digit), PAUSE);
  }

  private showProbabilities(digit: Digit): void {
    const best = Math.max(...digit.probabilities);
    this.probabilities.replaceChildren(...digit.probabilities.map((probability, index) => {
      const bar = make('span', { class: 'bar', 'aria-hidden': 'true' });
      bar.style.setProperty('--share', String(probability));
      return make('li', { class: probability === best ? 'best' : '' },
        make('span', { class: 'name' }, this.model.class_names[index] ?? ''), bar,
        make('span', { class: 'share' }, percent(probability)));
    }));
  }

  private async explain(digit: Digit): Promise<void> {
    const model = this.model.name;
    try {
      const explanation = await explain(model, digit.image, digit.label);
      if (this.shown?.image !== digit.image || this.model.name !== model) return;
      this.section.classList.remove('stale');
      this.showExplanation(digit, explanation);
      if (explanation.pending) this.timer = window.setTimeout(() => void this.explain(digit), RETRY);
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      if (this.shown?.image === digit.image) this.evidence.replaceChildren(make('figcaption', {}, error.message));
    }
  }

  private showExplanation(digit: Digit, explanation: Explanation): void {
    const { class: label, against, evidence } = explanation;
    this.evidence.replaceChildren(
      evidencePicture(decodePixels(digit.image), evidence,
        `The digit, tinted orange where it supports ${label} and blue where it supports ${against}`),
      make('figcaption', {}, 'Evidence for ', make('b', { class: 'for' }, label), ' and for ',
        make('b', { class: 'against' }, against)));
    byId('nearest-part').hidden = explanation.nearest.length === 0 && !explanation.pending;
    this.nearest.replaceChildren(...(explanation.pending
      ? [make('p', { class: 'note' }, 'Searching the training digits …')]
      : explanation.nearest.map(({ label: name, image }) =>
        make('figure', {},
          digitPicture(decodePixels(image), `A training digit: ${name}`),
          make('figcaption', { 'aria-hidden': 'true' }, name)))));
  }

  private async correct(label: string): Promise<void> {
    const digit = this.shown;
    if (!digit) return;
    try {
      const earlier = this.corrections.find(({ box }) => isSameDigit(box, digit.box));
      const { saved } = await correct(this.model.name, digit.image, label, earlier?.saved);
      this.corrections = [...this.corrections.filter((each) => each !== earlier), { box: digit.box, saved }];
      this.saved.textContent = `Saved as a ${label} (${saved}).`;
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      this.saved.textContent = `Not saved: ${error.message}`;
    }
  }
}
