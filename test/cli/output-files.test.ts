import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { checkOutputs } from '../../cli/src/output-files.js';
import { WORKLOAD } from '../fuzz/samples.js';
import { dynconv, projectPath } from './command.js';
import { useTemporaryFolder } from './temporary-folder.js';

const MODEL = projectPath('models/fixtures/mobilenetv2-hourglass/graph');
const PHOTO = projectPath('models/photos/astronaut.jpg');
const ONE_ARRAY = projectPath('hardware/one-array.yaml');
const CPU = projectPath('hardware/cpu-wasm-simd.yaml');

describe('files to write', function () {
  this.timeout(60_000);
  const temporary = useTemporaryFolder();
  const place = (name: string): string => join(temporary.path, name);

  before(() => {
    cpSync(PHOTO, place('in.jpg'));
    cpSync(PHOTO, place('a-pose.png'));
    cpSync(PHOTO, place('a.jpg'));
    cpSync(MODEL, place('model'), { recursive: true });
    writeFileSync(place('w.yaml'), WORKLOAD);
    symlinkSync('w.yaml', place('link.yaml'));
    mkdirSync(place('folder'));
  });

  /** What is wrong with the second option's file; the first one's is `first`. */
  function check(path: string, first?: string): () => void {
    return () => {
      const output = (name: string): string => (name.startsWith('/') ? name : place(name));
      const outputs = [
        ['--first', first],
        ['--second', output(path)],
      ] as const;
      checkOutputs(outputs, [place('w.yaml'), place('absent.yaml')]);
    };
  }

  it('may be new or old, and devices', () => {
    for (const path of ['new.svg', 'in.jpg', 'folder/../new.svg'])
      expect(check(path)).not.to.throw();
    expect(check('/dev/null', '/dev/null')).not.to.throw();
  });

  it('are no inputs, by whatever name, and each is one file', () => {
    for (const path of ['w.yaml', 'folder/../w.yaml', 'link.yaml']) {
      expect(check(path)).to.throw(/(w|link)\.yaml cannot be written: it is an input of this/);
    }
    expect(check('folder/../new.svg', place('new.svg'))).to.throw('--first writes it, too');
  });

  const pose = ['pose', 'in.jpg', '-w', MODEL, '-n', '1', '--no-compare', '-q'];
  const profile = ['profile', MODEL, '-n', '1', '-q'];
  const simulate = ['simulate', 'w.yaml', '--hardware', ONE_ARRAY];
  const refused: [args: string[], message: string][] = [
    [[...pose, '--out', 'in.jpg'], 'in.jpg cannot be written: it is an input'],
    [[...pose, 'a.jpg', 'a-pose.png'], 'a-pose.png cannot be written: it is an input'],
    [[...pose, '--out', 'none/'], 'none/ cannot be written: there is no such folder: make it'],
    [[...pose, '--out', 'none/a.png'], 'none/a.png cannot be written: none is no folder to write'],
    [
      ['profile', 'model', '-q', '--out', 'model/group1-shard1of1.bin'],
      'model/group1-shard1of1.bin cannot be written: it is an input',
    ],
    [[...profile, '--image', 'in.jpg', '--svg', 'in.jpg'], 'in.jpg cannot be written: it is an'],
    [[...profile, '--svg', 'folder'], 'folder cannot be written: it is a folder'],
    [[...profile, '--out', 'none/t.json'], 'none is no folder to write to: make it'],
    [[...profile, '--densities', 'w.yaml/t.json'], 'w.yaml is no folder to write to'],
    [[...simulate, '--gantt', 'w.yaml'], 'w.yaml cannot be written: it is an input'],
    [[...simulate, '--trace', ONE_ARRAY], 'one-array.yaml cannot be written: it is an input'],
    [[...simulate, '--trace', 'folder'], 'folder cannot be written: it is a folder'],
    [[...simulate, '--gantt', 'none/x.svg'], 'none is no folder to write to: make it'],
    [['map', MODEL, '--hardware', CPU, '--table', 'none/t.json'], 'none is no folder to write to'],
    [
      ['map', 'model', '--hardware', CPU, '--table', 'model/model.json'],
      'model/model.json cannot be written: it is an input',
    ],
  ];
  for (const [args, message] of refused) {
    const [name] = args;
    it(
      `are seen to before the work: ${name} ${args.slice(-2).join(' ')}`.replace(/\/\S*\//, ''),
      () => {
        const photo = readFileSync(place('in.jpg'));
        const { code, stdout, stderr } = dynconv(temporary.path, ...args);
        expect(stderr).to.match(
          /^dynconv: .* cannot be written: .* (make it|name a\w*) .*\(--\w+\)\.\n$/,
        );
        expect(stderr).to.include(message);
        expect(stdout).to.equal('');
        expect(code).to.equal(2);
        expect(readFileSync(place('in.jpg')).equals(photo)).to.equal(true);
      },
    );
  }
});
