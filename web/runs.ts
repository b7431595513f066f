import { RequestError, Run, runs } from './api';
import { byId, make, percent } from './dom';

const dates = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

function row(run: Run): HTMLElement {
  const written = run.modified ? dates.format(new Date(run.modified)) : '';
  // Relative, so that a proxy may serve the page under another path.
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

/// Requests and shows the runs in the server's folder, with links to their reports.
export async function showRuns(): Promise<void> {
  const list = byId('run-list');
  try {
    const { runs: all } = await runs();
    list.replaceChildren(all.length > 0 ? table(all) : make('p', { class: 'note' }, 'No run has a report yet.'));
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    list.replaceChildren(make('p', { class: 'problem' }, error.message));
  }
}
