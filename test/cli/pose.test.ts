import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCanvas, loadImage } from '@napi-rs/canvas';
import { expect } from 'chai';
import { MPII_JOINTS } from '../../cli/src/pose/joints.js';
import { poseReport } from '../../cli/src/pose/pose-report.js';
import { dynconv, projectPath } from './command.js';
import { useTemporaryFolder } from './temporary-folder.js';

const MODEL = projectPath('models/fixtures/mobilenetv2-hourglass/graph');
const PHOTO = projectPath('models/photos/astronaut.jpg');

describe('dynconv', function () {
  this.timeout(60_000);
  const temporary = useTemporaryFolder();

  it('says how it is used, and its version', () => {
    const { code, stdout } = dynconv(temporary.path, '--help');
    expect(code).to.equal(0);
    expect(stdout).to.include('pose');
    const packageJson = JSON.parse(readFileSync(projectPath('package.json'), 'utf8')) as {
      version: string;
    };
    expect(dynconv(temporary.path, '--version').stdout.trim()).to.equal(packageJson.version);
    expect(dynconv(temporary.path, 'pose', '--help').stdout).to.include('--network <name|folder>');
  });

  const mistakes: Record<string, [args: string[], message: string]> = {
    'an unknown option': [['pose', '--fast'], "unknown option '--fast'"],
    'an unknown command': [['dance'], "unknown command 'dance'"],
    'no number of runs': [['pose', '--runs', 'many'], 'a whole number above 0'],
    'a missing model': [['pose', PHOTO, '--network', 'absent'], 'no folder absent'],
    'a missing image': [['pose', 'absent.jpg', '--network', MODEL], 'absent.jpg cannot be read'],
    'a file as the folder for two pictures': [
      ['pose', PHOTO, PHOTO, '--network', MODEL, '-o', PHOTO],
      'is no folder for the pictures',
    ],
    'a folder without photographs': [['pose', '.', '--network', MODEL], 'holds no photograph'],
    'a network named twice': [
      ['pose', PHOTO, '--model', MODEL, '--network', 'published'],
      'cannot be used with',
    ],
    'a score beyond 1': [['pose', PHOTO, '--min-score', '20'], 'a number from 0 to 1'],
  };
  for (const [name, [args, message]] of Object.entries(mistakes)) {
    it(`refuses ${name}: exit code 2, no stack trace`, () => {
      const { code, stderr } = dynconv(temporary.path, ...args);
      expect(stderr).to.include(message);
      expect(stderr).not.to.match(/^ +at /m);
      expect(code).to.equal(2);
    });
  }

  it('prints one JSON document, and draws a picture', async () => {
    const args = ['pose', PHOTO, '--network', MODEL, '--json', '--runs', '2', '--layers'];
    const { code, stdout } = dynconv(temporary.path, ...args);
    expect(code).to.equal(0);
    const report = poseReport.parse(JSON.parse(stdout));
    expect(report.model).to.include({ format: 'graph-model', path: MODEL });
    const [image] = report.images;
    expect(image.heatmaps).to.deep.equal([16, 16, 16]);
    expect(image.size).to.deep.equal([512, 512]);
    expect(image.agreement?.agree).to.equal(true);
    expect(image.file).to.equal(PHOTO);
    expect(image.joints).to.equal(undefined);
    const groups = image.groups.map(({ name }) => name);
    expect(groups).to.deep.equal(['stem', 'level 2', 'level 1', 'head']);
    expect(image.macs.executed).to.be.lessThan(image.macs.total);
    expect(image.layers).not.to.be.empty;
    expect(image.timings.wasm?.runs).to.equal(2);
    expect(image.timings.captured?.runs).to.equal(2);
    expect(image.gains.capturedOverDense).to.be.greaterThan(0);
    const picture = await loadImage(readFileSync(join(temporary.path, image.picture)));
    expect(picture.width).to.be.greaterThan(1000);
    const timeline = await loadImage(readFileSync(join(temporary.path, image.timeline)));
    expect(timeline.width).to.be.greaterThan(1000);
  });

  it('tells a person the same, on dynconv alone when asked', () => {
    const args = ['pose', PHOTO, '--network', MODEL, '--no-compare', '-n', '1', '-o', 'alone.png'];
    const { code, stdout, stderr } = dynconv(temporary.path, ...args);
    expect(code).to.equal(0);
    expect(stdout).to.include('level 1').and.to.include('total').and.to.include('in theory');
    expect(stdout).not.to.include('over wasm').and.not.to.include('Captured');
    expect(stderr).to.include('Loading').and.to.include('Timing');
    expect(existsSync(join(temporary.path, 'alone.png'))).to.equal(true);
  });

  /** A folder with the fixture's model, and a card that says it was trained. */
  function trainedModel(name: string, joints: readonly string[]): string {
    const folder = join(temporary.path, name);
    cpSync(MODEL, folder, { recursive: true });
    const card = {
      name,
      weights: 'trained',
      joints,
      training: {
        data: { name: 'people', version: 1, seed: 0, trainImages: 24000 },
        seed: 0,
        steps: 100,
        batch: 32,
        command: 'python -m train',
        device: 'CPU',
        minutes: 14.5,
      },
      figures: {
        pckh: 81.25,
        pckhPerJoint: { head_top: 90 },
        parameters: 1000,
        macs: 4000,
        conditionalMacs: 3000,
        executedMacs: 2000,
        executedConditionalMacs: 1000,
        budget: 0.25,
        maskDensities: { stem_block3_mask: 0.2 },
        masks: { stem_block3_mask: { within: 0.9, pattern: null, near: 0.6, far: 0.1 } },
      },
    };
    writeFileSync(join(folder, 'dynconv.json'), JSON.stringify(card));
    return folder;
  }

  it('gives the joints of a trained model in pixels of every photograph', () => {
    const model = trainedModel('trained', MPII_JOINTS);
    const photos = join(temporary.path, 'photos');
    mkdirSync(photos);
    const wide = createCanvas(300, 100);
    writeFileSync(join(photos, 'a wide.png'), wide.toBuffer('image/png'));
    writeFileSync(join(photos, 'broken.jpg'), 'this is no picture');
    const args = ['pose', photos, PHOTO, '--network', model, '-o', 'pictures', '-n', '1', '--json'];
    const { code, stdout, stderr } = dynconv(temporary.path, ...args, '--min-score', '0.8');
    expect(stderr).to.include('1/3 a wide.png: Reading');
    expect(stderr).to.include('3/3 astronaut.jpg: Timing');
    expect(stderr.match(/Loading/g)).to.have.length(1);
    expect(stderr).to.match(/^dynconv: .*broken\.jpg is no image/m);
    expect(code).to.equal(2);
    const report = poseReport.parse(JSON.parse(stdout));
    expect(report.failures.map(({ file }) => file)).to.deep.equal([join(photos, 'broken.jpg')]);
    expect(report.images.map(({ picture }) => picture)).to.deep.equal([
      join('pictures', 'a wide-pose.png'),
      join('pictures', 'astronaut-pose.png'),
    ]);
    for (const { joints, picture, size } of report.images) {
      expect(existsSync(join(temporary.path, picture))).to.equal(true);
      expect(Object.keys(joints?.mpii ?? {})).to.deep.equal(MPII_JOINTS);
      expect(Object.keys(joints?.coco ?? {})).to.have.length(12);
      expect(joints?.coco.left_knee).to.deep.equal(joints?.mpii.left_knee);
      for (const joint of Object.values(joints?.mpii ?? {})) {
        if (!joint.found) continue;
        expect(joint.x).to.be.within(0, size[1]);
        expect(joint.y).to.be.within(0, size[0]);
      }
    }
    // In a square photograph no peak can lie on a bar, so that the score alone tells.
    const all = Object.values(report.images[1].joints?.mpii ?? {});
    expect(new Set(all.map(({ found }) => found)).size).to.equal(2);
    for (const { found, score } of all) expect(found).to.equal(score >= 0.8);
  });

  it('says what a model was trained on, and which joints it did not find', () => {
    const model = trainedModel('unsure', MPII_JOINTS);
    const args = ['pose', PHOTO, '--network', model, '--no-compare', '-n', '1', '-o', 'unsure.png'];
    const { code, stdout } = dynconv(temporary.path, ...args, '--min-score', '0.9');
    expect(code).to.equal(0);
    expect(stdout).to.include('Trained on 24000 pictures of people, version 1');
    expect(stdout).to.include('PCKh@0.5 81.3 % on its test split, where it executes 50.0 %');
    expect(stdout).to.match(
      /of 16 joints found; with a score below 0.9 .*: right_ankle, right_knee/,
    );
  });

  it('draws no skeleton of seeded weights, nor of weights that no card tells of', () => {
    const args = ['--no-compare', '-n', '1', '-o', 'none.png', '--network'];
    const unknown = dynconv(temporary.path, 'pose', PHOTO, ...args, MODEL);
    expect(unknown.stdout).to.include('No skeleton is drawn');
    expect(unknown.stdout).not.to.include('joints found');
    const folder = join(temporary.path, 'seeded');
    cpSync(MODEL, folder, { recursive: true });
    writeFileSync(join(folder, 'dynconv.json'), '{ "weights": "seeded" }');
    const seeded = dynconv(temporary.path, 'pose', PHOTO, ...args, folder);
    expect(seeded.stdout).to.include('NOT TRAINED').and.to.include('no skeleton');
  });

  it('refuses a card that names another number of joints', () => {
    const model = trainedModel('misnamed', ['nose']);
    const { code, stderr } = dynconv(temporary.path, 'pose', PHOTO, '--network', model, '-n', '1');
    expect(stderr).to.include('gives 16 joints, but its dynconv.json names 1:');
    expect(code).to.equal(2);
  });

  it('refuses a model whose input is no picture', () => {
    const folder = projectPath('models/fixtures/mobilenetv2-hourglass/layers');
    const text = readFileSync(join(folder, 'model.json'), 'utf8');
    const wrong = join(temporary.path, 'model.json');
    writeFileSync(wrong, text.replaceAll('[null, 64, 64, 3]', '[null, null, null, 3]'));
    writeFileSync(
      join(temporary.path, 'group1-shard1of1.bin'),
      readFileSync(join(folder, 'group1-shard1of1.bin')),
    );
    const { code, stderr } = dynconv(temporary.path, 'pose', PHOTO, '--network', '.');
    expect(stderr).to.include('height and width must be fixed');
    expect(code).to.equal(2);
  });
});
