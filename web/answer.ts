import { Digit, Reading } from './api';
import { byId, make, percent } from './dom';
import { decodePixels, digitPicture } from './pixels';

const LONG = 8;

/// The reading, as text and digit by digit.
export class Answer {
  private readonly text = byId('text');
  private readonly remark = byId('remark');
  private readonly digits = byId<HTMLOListElement>('digits');

  /// `choose` is called with the index of the digit whose details are to be shown.
  constructor(private readonly choose: (index: number) => void) {}

  show(reading: Reading, chosen: number): void {
    const { digits, text } = reading;
    this.setText(text || 'No digit', digits.length === 0);
    this.remark.textContent = digits.some((digit) => digit.rejected)
      ? '? is probably not a digit'
      : '';
    this.showDigits(digits, chosen);
  }

  showNothing(remark = ''): void {
    this.setText('–', true);
    this.remark.textContent = remark;
    this.digits.replaceChildren();
  }

  mark(chosen: number): void {
    [...this.digits.querySelectorAll('button')].forEach(
      (button, index) => button.setAttribute('aria-pressed', String(index === chosen)));
  }

  private setText(text: string, empty: boolean): void {
    this.text.textContent = text;
    this.text.dataset['empty'] = String(empty);
    this.text.classList.toggle('long', text.length > LONG);
  }

  // Reuses the buttons, so that focus stays on them during a stroke.
  private showDigits(digits: readonly Digit[], chosen: number): void {
    while (this.digits.children.length > digits.length) this.digits.lastElementChild?.remove();
    digits.forEach((digit, index) => {
      const item = this.digits.children[index] ?? this.digits.appendChild(this.makeItem(index));
      const button = item.firstElementChild as HTMLButtonElement;
      const label = digit.rejected ? '?' : digit.label;
      button.setAttribute('aria-label', digit.rejected
        ? `probably not a digit, nearest ${digit.label}`
        : `${digit.label}, ${percent(digit.probability)}`);
      button.replaceChildren(
        digitPicture(decodePixels(digit.image)),
        make('span', { class: 'label' }, label),
        make('span', { class: 'share' }, digit.rejected ? 'rejected' : percent(digit.probability)));
    });
    this.mark(chosen);
  }

  private makeItem(index: number): HTMLLIElement {
    const button = make('button', { class: 'digit', type: 'button' });
    button.addEventListener('click', () => this.choose(index));
    return make('li', {}, button);
  }
}
