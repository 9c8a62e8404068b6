import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import '@tensorflow/tfjs-backend-cpu';
import { loadGraphModel } from '@tensorflow/tfjs-converter';
import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'chai';
import type { Evaluation } from '../../models/evaluate/evaluation.js';
import type { LatencyReport } from '../../models/evaluate/latency.js';
import { readNpy } from '../../models/evaluate/npy.js';
import { pckh } from '../../models/evaluate/pckh.js';
import { decodeJoints, MPII_JOINTS } from '../../cli/src/pose/joints.js';
import { readModelFolder } from '../../cli/src/model-folder.js';
import { UserError } from '../../cli/src/user-error.js';
import { projectPath, type CommandResult } from '../cli/command.js';
import { writeNpy } from './npy.js';
import { rejection, useTemporaryFolder } from '../cli/temporary-folder.js';

const FIXTURE = projectPath('models/fixtures/mobilenetv2-hourglass/graph');
const SIZE = 64;
const IMAGES = 4;
const JOINTS = 16;
const MEAN = [0.5, 0.25, 0];
const STD = [0.5, 1, 2];
const MASKS = ['stem_block3_mask', 'stack1_level1_up_mask'];

describe('a .npy file', () => {
  const temporary = useTemporaryFolder();
  let files = 0;

  function save(
    descr: string,
    shape: readonly number[],
    values: Uint8Array | Float32Array,
  ): string {
    const file = join(temporary.path, `${files++}.npy`);
    writeNpy(file, descr, shape, values);
    return file;
  }

  it('is read', async () => {
    const floats = Float32Array.from([1, -2.5, Infinity, 3, 4, 5]);
    const file = save('<f4', [3, 2], floats);
    expect(await readNpy(file, 'float32', [-1, 2])).to.deep.equal({
      shape: [3, 2],
      values: floats,
    });
    const bytes = Uint8Array.from([0, 255, 7]);
    expect((await readNpy(save('|u1', [3], bytes), 'uint8', [3])).values).to.deep.equal(bytes);
    const bits = Uint8Array.from([0, 1]);
    expect((await readNpy(save('|b1', [1, 2, 1], bits), 'bool', [1, 2, 1])).values).to.deep.equal(
      bits,
    );
  });

  it('is read in the version that has a longer header', async () => {
    const file = save('|u1', [2], Uint8Array.from([3, 4]));
    const bytes = readFileSync(file);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(bytes.readUInt16LE(8));
    const magic = Buffer.from('\x93NUMPY\x02\x00', 'latin1');
    writeFileSync(file, Buffer.concat([magic, length, bytes.subarray(10)]));
    expect([...(await readNpy(file, 'uint8', [2])).values]).to.deep.equal([3, 4]);
  });

  it('must be there, whole, and of the type and shape that are wanted', async () => {
    const file = save('<f4', [3, 2], new Float32Array(6));
    const cut = save('<f4', [3, 2], new Float32Array(6));
    truncateSync(cut, readFileSync(cut).length - 4);
    const column = save('<f4', [3, 2], new Float32Array(6));
    const header = readFileSync(column, 'latin1').replace('False', 'True');
    writeFileSync(column, header.replace(', }', ', } '), 'latin1');
    const text = join(temporary.path, 'text.npy');
    writeFileSync(text, 'this is no array at all');
    const wrong: [file: string, shape: number[], message: string][] = [
      [join(temporary.path, 'absent.npy'), [3, 2], 'cannot be read'],
      [text, [3, 2], 'is no .npy file'],
      [cut, [3, 2], 'it is cut off'],
      [column, [3, 2], 'in column-major order'],
      [file, [3, 3], 'holds <f4 [3, 2], where <f4 [3, 3] is needed'],
      [file, [6], 'where <f4 [6] is needed'],
    ];
    for (const [path, shape, message] of wrong) {
      const error = await rejection(readNpy(path, 'float32', shape));
      expect(error).to.be.instanceOf(UserError);
      expect((error as UserError).message).to.include(message);
    }
    const error = await rejection(readNpy(file, 'uint8', [3, 2]));
    expect((error as UserError).message).to.include('where |u1 [3, 2] is needed');
  });
});

describe('PCKh', () => {
  const labels = (): { joints: Float32Array; labelled: Uint8Array; head: Float32Array } => ({
    joints: new Float32Array(2 * JOINTS * 2),
    labelled: new Uint8Array(2 * JOINTS).fill(1),
    head: Float32Array.from([10, 20]),
  });
  const at = (image: number, joint: string): number =>
    2 * (image * JOINTS + MPII_JOINTS.indexOf(joint));

  it('counts what is at most half a head away', () => {
    const predicted = new Float32Array(2 * JOINTS * 2);
    predicted[at(0, 'left_wrist')] = 5;
    predicted.set([3.1, 4], at(0, 'right_wrist'));
    predicted.set([6, 8], at(1, 'left_knee'));
    predicted.set([6, -8.1], at(1, 'head_top'));
    expect(pckh(predicted, labels())).to.be.closeTo((100 * 26) / 28, 1e-9);
  });

  it('counts neither what is not labelled nor pelvis and thorax', () => {
    const far = new Float32Array(2 * JOINTS * 2);
    const split = labels();
    for (const joint of ['pelvis', 'thorax', 'left_hip']) far[at(1, joint)] = 99;
    split.labelled[at(1, 'left_hip') / 2] = 0;
    expect(pckh(far, split)).to.equal(100);
    expect(pckh(far.subarray(0, JOINTS * 2), split)).to.equal(100);
    split.labelled.fill(0);
    expect(() => pckh(far, split)).to.throw(RangeError);
  });
});

describe('models/evaluate.mjs', function () {
  this.timeout(120_000);
  const temporary = useTemporaryFolder();
  const inFolder = (...path: string[]): string => join(temporary.path, ...path);

  /** What Keras would have made of the images, by the cpu backend. */
  let masks: Uint8Array[];

  /** Joints half of whose predictions are right: those of the first and the third image. */
  before(async () => {
    for (const folder of ['data', 'models', 'reference/tiny']) {
      mkdirSync(inFolder(folder), { recursive: true });
    }
    cpSync(FIXTURE, inFolder('models/tiny'), { recursive: true });
    const images = Uint8Array.from({ length: IMAGES * SIZE * SIZE * 3 }, (_, i) => {
      return (Math.imul(i + 1, 2654435761) >>> 7) & 255;
    });
    await tf.setBackend('cpu');
    const { artifacts } = await readModelFolder(FIXTURE);
    const model = await loadGraphModel({ load: () => Promise.resolve(artifacts) });
    const nodes = MASKS.map((mask) => `StatefulPartitionedCall/hourglass/${mask}/Cast`);
    const outputs = tf.tidy(() => {
      const pixels = tf.tensor4d(Float32Array.from(images), [IMAGES, SIZE, SIZE, 3]);
      const input = tf.div(tf.sub(tf.div(pixels, 255), MEAN), STD);
      return model.execute(input, ['Identity', ...nodes]) as tf.Tensor[];
    });
    const [heatmaps, ...maskValues] = await Promise.all(
      outputs.map(async (output) => (await output.data()) as Float32Array),
    );
    tf.dispose(outputs);
    model.dispose();
    masks = maskValues.map((values) => Uint8Array.from(values));

    const perImage = heatmaps.length / IMAGES;
    const side = Math.sqrt(perImage / JOINTS);
    const predicted = Float32Array.from(
      Array.from({ length: IMAGES }, (_, i) => {
        const values = heatmaps.subarray(i * perImage, (i + 1) * perImage);
        const maps = { height: side, width: side, joints: JOINTS, values };
        return decodeJoints(maps, SIZE, SIZE).flatMap(({ x, y }) => [x, y]);
      }).flat(),
    );
    writeNpy(inFolder('reference/tiny/joints.npy'), '<f4', [IMAGES, JOINTS, 2], predicted);
    writeMasks(masks);
    const truth = predicted.map((value, i) => {
      return value + (Math.floor(i / (JOINTS * 2)) % 2 === 0 ? 3 : 7);
    });
    const labelled = new Uint8Array(IMAGES * JOINTS).fill(1);
    const head = new Float32Array(IMAGES).fill(10);
    writeNpy(inFolder('data/test-images.npy'), '|u1', [IMAGES, SIZE, SIZE, 3], images);
    writeNpy(inFolder('data/test-joints.npy'), '<f4', [IMAGES, JOINTS, 2], truth);
    writeNpy(inFolder('data/test-labelled.npy'), '|b1', [IMAGES, JOINTS], labelled);
    writeNpy(inFolder('data/test-head.npy'), '<f4', [IMAGES], head);
    const benchmark = { name: 'people', version: 1, seed: 0, size: SIZE, counts: { test: IMAGES } };
    writeFileSync(inFolder('data/benchmark.json'), JSON.stringify(benchmark));
  });

  beforeEach(() => {
    writeCard(50, 1);
    writeMasks(masks);
  });

  function writeMasks(values: readonly Uint8Array[]): void {
    values.forEach((mask, m) => {
      const side = Math.sqrt(mask.length / IMAGES);
      const file = inFolder(`reference/tiny/mask-${MASKS[m]}.npy`);
      writeNpy(file, '|b1', [IMAGES, side, side, 1], mask);
    });
  }

  function writeCard(kerasPckh: number, version: number): void {
    const card = {
      weights: 'trained',
      input: { mean: MEAN, std: STD },
      joints: MPII_JOINTS,
      training: {
        data: { name: 'people', version, seed: 0, trainImages: 8 },
        seed: 0,
        steps: 1,
        batch: 1,
        command: 'none',
        device: 'CPU',
        minutes: 0,
        configuration: '0123456789abcdef',
      },
      figures: {
        pckh: kerasPckh,
        pckhPerJoint: {},
        parameters: 1,
        macs: 1,
        conditionalMacs: 1,
        executedMacs: 1,
        executedConditionalMacs: 1,
        budget: 0.25,
        maskDensities: Object.fromEntries(MASKS.map((mask) => [mask, 0.5])),
      },
    };
    writeFileSync(inFolder('models/tiny/dynconv.json'), JSON.stringify(card));
  }

  function evaluate(...args: string[]): CommandResult {
    const folders = ['models', 'data', 'reference'].flatMap((folder) => [
      `--${folder}`,
      inFolder(folder),
    ]);
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [projectPath('models/evaluate.mjs'), ...folders, ...args],
      { encoding: 'utf8' },
    );
    return { code: status, stdout, stderr };
  }

  it('agrees with what Keras made of the images, and times the model', () => {
    const file = inFolder('latency.json');
    const { code, stdout, stderr } = evaluate('tiny', '--json', '--latency', file, '--runs', '3');
    expect(code, stderr).to.equal(0);
    expect(stderr).to.include('1/1 tiny').and.to.include('Timing');
    const document = JSON.parse(stdout) as { evaluations: Evaluation[]; latency: LatencyReport };
    expect(document.evaluations).to.have.length(1);
    const [{ name, images, pckh: rate, joints, masks: agreement, missed }] = document.evaluations;
    expect({ name, images, rate, missed }).to.deep.equal({
      name: 'tiny',
      images: IMAGES,
      rate: 50,
      missed: [],
    });
    expect(joints).to.deep.include({ kerasPckh: 50, same: 1 });
    const pixels = masks.reduce((sum, mask) => sum + mask.length, 0);
    expect(agreement).to.include({ pixels, agreement: 1 });
    const latency = JSON.parse(readFileSync(file, 'utf8')) as LatencyReport;
    expect(latency).to.deep.equal(document.latency);
    expect(latency.runs).to.equal(3);
    for (const { medianMs, p10, p90 } of Object.values(latency.models.tiny)) {
      expect(p10).to.be.greaterThan(0);
      expect(medianMs).to.be.within(p10, p90);
    }
  });

  it('compares on some of the images with the joints alone', () => {
    writeCard(99, 1);
    const { code, stdout } = evaluate('--images', '1', '--json');
    expect(code).to.equal(0);
    const { evaluations } = JSON.parse(stdout) as { evaluations: Evaluation[] };
    expect(evaluations[0]).to.include({ images: 1, pckh: 100 });
    expect(evaluations[0].joints?.kerasPckh).to.equal(100);
  });

  it('fails where PCKh or the masks differ too much', () => {
    writeCard(50.2, 1);
    const [first, ...others] = masks;
    const flipped = first.map((value, i) => (i < 4 ? 1 - value : value));
    writeMasks([flipped, ...others]);
    const { code, stdout } = evaluate();
    expect(stdout).to.include("tiny: PCKh differs from Keras's by 0.20 points, more than 0.1");
    expect(stdout).to.match(/tiny: only 99\.\d+ % of the masks' pixels are as in Keras/);
    expect(code).to.equal(1);
  });

  const mistakes: Record<string, [args: string[], message: string]> = {
    'a missing benchmark': [['--data', 'absent'], 'absent holds no benchmark: make it with'],
    'a folder without models': [['--models', 'absent'], 'absent holds no model'],
    'an unknown model': [['huge'], 'holds no model huge; it holds tiny'],
    'an unknown option': [['--fast'], "unknown option '--fast'"],
  };
  for (const [name, [args, message]] of Object.entries(mistakes)) {
    it(`refuses ${name}`, () => {
      const { code, stderr } = evaluate(...args);
      expect(stderr).to.include(message);
      expect(code).to.equal(2);
    });
  }

  it('refuses a model that was trained on other data', () => {
    writeCard(50, 2);
    const { code, stderr } = evaluate();
    expect(stderr).to.include('trained on people version 2, seed 0, but the data is version 1');
    expect(code).to.equal(2);
  });
});
