import { Refusal, Run, runs } from './api';
import { byId, make, percent } from './dom';

const dates = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

function row(run: Run): HTMLElement {
  const written = run.modified ? dates.format(new Date(run.modified)) : '';
  // Relative, so that the server may stand behind a path of another one.
  return make('tr', {},
    make('th', { scope: 'row' }, make('a', { href: run.report.replace(/^\//, '') }, run.name)),
    make('td', { class: 'number' }, run.accuracy === undefined ? '–' : percent(run.accuracy)),
    make('td', { class: 'written' }, written));
}

function table(all: readonly Run[]): HTMLElement {
  const head = make('tr', {},
    make('th', { scope: 'col' }, 'Run'), make('th', { scope: 'col', class: 'number' }, 'Accuracy'),
    make('th', { scope: 'col', class: 'written' }, 'Report written'));
  return make('table', {}, make('thead', {}, head), make('tbody', {}, ...all.map(row)));
}

/// Lists the runs of the server's folder, as they are now, with their reports.
export async function showRuns(): Promise<void> {
  const list = byId('run-list');
  try {
    const { runs: all } = await runs();
    list.replaceChildren(all.length > 0 ? table(all) : make('p', { class: 'note' }, 'No run has a report yet.'));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    list.replaceChildren(make('p', { class: 'problem' }, error.message));
  }
}
