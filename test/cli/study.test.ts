import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { projectPath } from './command.js';
import { useTemporaryFolder } from './temporary-folder.js';

describe('npm run study', () => {
  const temporary = useTemporaryFolder();

  it('writes all of its page and figures again, byte by byte', () => {
    const script = projectPath('scripts/study.mjs');
    execFileSync(process.execPath, [script, '--out', temporary.path], { stdio: 'ignore' });
    const written = readdirSync(join(temporary.path, 'docs'), {
      recursive: true,
      encoding: 'utf8',
    });
    const files = written.filter((path) => /\.\w+$/.test(path)).sort();
    expect(files).to.deep.equal([
      'mapping-study.md',
      'mapping-study/depth-first.svg',
      'mapping-study/gain.svg',
      'mapping-study/published-densities.json',
    ]);
    for (const file of files) {
      const [now, before] = [temporary.path, projectPath('.')].map((root) =>
        readFileSync(join(root, 'docs', file)),
      );
      expect(now.equals(before), `docs/${file}: run npm run study`).to.equal(true);
    }
  }).timeout(300_000);
});
