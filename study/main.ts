/** The study of the mapping explorer: evaluates everything and writes the page and its figures. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { study } from './study.js';

const { values: options } = parseArgs({ options: { out: { type: 'string', default: '.' } } });
const files = await study((network) => process.stderr.write(`${network}\n`));
for (const [path, content] of files) {
  const file = join(options.out, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}
