/** The study of the mapping explorer: evaluates everything and writes the page and its figures. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { evaluate, type Result } from './evaluate.js';
import { gainFigure } from './figures.js';
import { subjects } from './networks.js';
import { page, rowsOf } from './page.js';

const FOLDER = 'docs/mapping-study';

const results: Result[] = [];
for (const subject of subjects()) {
  process.stderr.write(`${subject.name}\n`);
  results.push(...(await evaluate(subject)));
}
const rows = rowsOf(results);
const points = rows
  .filter(({ result }) => !['static', 'published'].includes(result.work))
  .map(({ result, gain, theoretical }) => ({
    network: result.subject,
    series: result.chip,
    theoretical,
    gain,
  }));
mkdirSync(FOLDER, { recursive: true });
writeFileSync('docs/mapping-study.md', page(rows));
writeFileSync(`${FOLDER}/gain.svg`, gainFigure(points, ['one-array', 'two-arrays']));
