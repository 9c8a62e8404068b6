import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCanvas } from '@napi-rs/canvas';
import { expect } from 'chai';
import { dynconv, projectPath } from './command.js';
import { useTemporaryFolder } from './temporary-folder.js';

const FIXTURE = projectPath('models/fixtures/mobilenetv2-hourglass/graph');
const WEIGHTS = 'group1-shard1of1.bin';

/** What the fixture's model.json holds, as far as it is broken here. */
interface ModelJson {
  modelTopology: {
    node: { name: string; op: string; input?: string[]; attr?: { shape?: { shape: Shape } } }[];
  };
  weightsManifest: { weights: { name: string; shape: number[]; dtype: string }[] }[];
}
interface Shape {
  dim: { size: string }[];
}

/** Makes a side of the input picture as long as is said. */
function resize({ modelTopology }: ModelJson, side: number): void {
  for (const { op, attr } of modelTopology.node) {
    if (op === 'Placeholder' && attr?.shape) {
      attr.shape.shape.dim = [-1, side, side, 3].map((size) => ({ size: String(size) }));
    }
  }
}

describe('dynconv pose, given what it cannot use,', () => {
  const temporary = useTemporaryFolder();
  let folders = 0;

  before(() => {
    const canvas = createCanvas(64, 48);
    canvas.getContext('2d').fillRect(5, 5, 30, 30);
    writeFileSync(join(temporary.path, 'photo.png'), canvas.toBuffer('image/png'));
  });

  function modelFolder(): string {
    const folder = join(temporary.path, `model-${folders++}`);
    cpSync(FIXTURE, folder, { recursive: true });
    return folder;
  }

  /** A folder whose model.json was changed. */
  function brokenModel(change: (json: ModelJson) => void): string {
    const folder = modelFolder();
    const file = join(folder, 'model.json');
    const json = JSON.parse(readFileSync(file, 'utf8')) as ModelJson;
    change(json);
    writeFileSync(file, JSON.stringify(json));
    return folder;
  }

  function modelWithCard(card: object): string {
    const folder = modelFolder();
    writeFileSync(join(folder, 'dynconv.json'), JSON.stringify(card));
    return folder;
  }

  function modelOfNan(): string {
    const folder = modelFolder();
    const file = join(folder, WEIGHTS);
    const weights = readFileSync(file);
    for (let at = 0; at + 4 <= weights.length; at += 400) weights.writeFloatLE(NaN, at);
    writeFileSync(file, weights);
    return folder;
  }

  function image(text: string): string {
    writeFileSync(join(temporary.path, 'bad-image.jpg'), text);
    return 'bad-image.jpg';
  }

  const svg = (size: number): string =>
    `<svg xmlns="http://www.w3.org/2000/svg" width="${size}" height="${size}"></svg>`;
  const models: [what: string, model: () => string, message: string][] = [
    ['weights of NaN', modelOfNan, 'gives NaN or Infinity'],
    [
      'a vanishing deviation',
      () => modelWithCard({ input: { std: [1e-40, 1, 1] } }),
      'dynconv.json: input.std.0: ',
    ],
    [
      'a name with control characters',
      () => modelWithCard({ name: '\u001b[2Jthree\nlines\n', note: 'x'.repeat(100_000) }),
      'dynconv.json: name: must not hold control characters; note: ',
    ],
    [
      'a graph with a loop',
      () =>
        brokenModel(({ modelTopology: { node } }) => {
          const readers = node.filter(({ input }) => input?.length);
          readers[3].input![0] = readers[readers.length - 1].name;
        }),
      'graphs with loops cannot be run',
    ],
    [
      'an operation with a name of several lines',
      () =>
        brokenModel(({ modelTopology: { node } }) => {
          node.find(({ op }) => op === 'AddV2')!.op = 'Frob\n\u001b[31m\nnicate\u2028';
        }),
      'Frob [31m nicate',
    ],
    [
      'an input that is too large',
      () =>
        brokenModel((json) => {
          resize(json, 100_000);
        }),
      'must have 16 to 2048 pixels',
    ],
    [
      'an input that is too small',
      () =>
        brokenModel((json) => {
          resize(json, 1);
        }),
      'must have 16 to 2048 pixels',
    ],
    [
      'text that its weights cannot hold',
      () =>
        brokenModel(({ weightsManifest: [{ weights }] }) => {
          weights.push({ name: 's', shape: [1e8], dtype: 'string' });
        }),
      'but model.json describes 400',
    ],
  ];
  for (const [what, model, message] of models) {
    it(`exits with 2 and a line: ${what}`, () => {
      expectRefusal(message, 'photo.png', '--model', model(), '--no-compare');
    });
  }

  const images: [what: string, path: () => string, message: string][] = [
    ['an SVG', () => image(svg(100_000)), 'bad-image.jpg is an image of type svg'],
    ['an SVG without a size', () => image('<svg></svg>'), 'no image that can be decoded'],
    ['a folder without photographs', modelFolder, 'holds no photograph'],
  ];
  for (const [what, path, message] of images) {
    it(`exits with 2 and a line: ${what}`, () => {
      expectRefusal(message, path(), '--model', FIXTURE);
    });
  }

  function expectRefusal(message: string, ...args: string[]): void {
    const run = dynconv(temporary.path, 'pose', ...args, '--quiet', '--runs', '1');
    expect(run.stderr)
      .to.match(/^dynconv: [^\p{Cc}]*\n$/u)
      .and.to.include(message);
    expect(run.code).to.equal(2);
  }
});
