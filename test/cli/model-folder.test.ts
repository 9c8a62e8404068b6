import { cpSync, readFileSync, renameSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { readModelCard } from '../../cli/src/model-card.js';
import { readModelFolder } from '../../cli/src/model-folder.js';
import { UserError } from '../../cli/src/user-error.js';
import { projectPath } from './command.js';
import { rejection, useTemporaryFolder } from './temporary-folder.js';

const FIXTURE = 'models/fixtures/mobilenetv2-hourglass';

describe('a model folder', () => {
  const temporary = useTemporaryFolder();
  let copies = 0;

  /** A copy of the graph model, to be broken. */
  function copyOfModel(): { folder: string; json: string; weights: string } {
    const folder = join(temporary.path, `model-${copies++}`);
    cpSync(projectPath(`${FIXTURE}/graph`), folder, { recursive: true });
    return {
      folder,
      json: join(folder, 'model.json'),
      weights: join(folder, 'group1-shard1of1.bin'),
    };
  }

  /** What reading a folder complains about. */
  async function complaint(folder: string): Promise<string> {
    const error = await rejection(readModelFolder(folder));
    expect(error).to.be.instanceOf(UserError);
    return (error as UserError).message;
  }

  it('is read in both formats', async () => {
    const graph = await readModelFolder(projectPath(`${FIXTURE}/graph`));
    expect(graph.format).to.equal('graph-model');
    expect(graph.artifacts.signature).to.have.property('inputs');
    expect(graph.artifacts.weightSpecs).not.to.be.empty;
    const layers = await readModelFolder(projectPath(`${FIXTURE}/layers`));
    expect(layers.format).to.equal('layers-model');
  });

  it('may be named by its file, by whatever name', async () => {
    const { folder, json } = copyOfModel();
    expect(await readModelFolder(json)).to.include({ path: folder, folder });
    const renamed = join(folder, 'other.json');
    renameSync(json, renamed);
    const model = await readModelFolder(renamed);
    expect(model).to.include({ path: renamed, folder, format: 'graph-model' });
    expect(model.files).to.include(renamed);
  });

  it('may be missing, another file, or hold no model.json', async () => {
    expect(await complaint(join(temporary.path, 'absent'))).to.include('no folder');
    const { folder, json, weights } = copyOfModel();
    expect(await complaint(weights)).to.include('is no .json file');
    unlinkSync(json);
    expect(await complaint(folder)).to.include('holds no model.json');
  });

  it('may hold a model.json that is no JSON', async () => {
    const { folder, json } = copyOfModel();
    truncateSync(json, 100);
    expect(await complaint(folder)).to.include('not valid JSON');
  });

  it('may hold a model.json that describes no model', async () => {
    const { folder, json } = copyOfModel();
    writeFileSync(json, '{"name": "something else"}');
    const message = await complaint(folder);
    expect(message).to.include('modelTopology').and.to.include('weightsManifest');
  });

  it('may lack weights, or have them cut off', async () => {
    const { folder, weights } = copyOfModel();
    truncateSync(weights, 1000);
    expect(await complaint(folder)).to.match(/hold 1000 bytes, but model.json describes \d+/);
    unlinkSync(weights);
    expect(await complaint(folder)).to.include('cannot be read');
  });

  it('must not name weights elsewhere', async () => {
    const { folder, json } = copyOfModel();
    const text = readFileSync(json, 'utf8');
    writeFileSync(json, text.replaceAll('group1-shard1of1.bin', '../group1-shard1of1.bin'));
    expect(await complaint(folder)).to.include('outside its folder');
  });

  it('may have a card, with defaults for what it leaves out', async () => {
    const { folder } = copyOfModel();
    unlinkSafely(join(folder, 'dynconv.json'));
    expect(await readModelCard(folder)).to.deep.equal({
      input: { mean: [0, 0, 0], std: [1, 1, 1] },
    });
    writeFileSync(
      join(folder, 'dynconv.json'),
      '{"weights": "seeded", "input": {"std": [2, 2, 2]}}',
    );
    expect(await readModelCard(folder)).to.deep.equal({
      weights: 'seeded',
      input: { mean: [0, 0, 0], std: [2, 2, 2] },
    });
  });

  it('may have a broken card', async () => {
    const { folder } = copyOfModel();
    writeFileSync(join(folder, 'dynconv.json'), '{"weights": "guessed", "jonts": []}');
    const error = await rejection(readModelCard(folder));
    expect(error).to.be.instanceOf(UserError);
    expect((error as UserError).message)
      .to.include('weights')
      .and.to.include('jonts');
  });
});

function unlinkSafely(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It was not there.
  }
}
