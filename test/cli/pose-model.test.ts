import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { layers, sequential, type Sequential } from '@tensorflow/tfjs-layers';
import { expect } from 'chai';
import { readModelFolder, type ModelFolder } from '../../cli/src/model-folder.js';
import { loadPoseModel } from '../../cli/src/pose/pose-model.js';
import { UserError } from '../../cli/src/user-error.js';
import { projectPath } from './command.js';
import { rejection } from './temporary-folder.js';

/** A model as if it had been read from a folder. */
async function folderOf(model: Sequential): Promise<ModelFolder> {
  let artifacts: tf.io.ModelArtifacts | undefined;
  await model.save(
    tf.io.withSaveHandler((saved) => {
      artifacts = saved;
      return Promise.resolve({
        modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' },
      });
    }),
  );
  if (!artifacts) throw new Error('The model was not saved.');
  return { path: 'a-model', folder: 'a-model', format: 'layers-model', artifacts, files: [] };
}

function convolution(inputShape: [number | null, number | null, number]): Sequential {
  return sequential({
    layers: [layers.conv2d({ inputShape, filters: 2, kernelSize: 3, name: 'stem_conv' })],
  });
}

function expectUserError(error: unknown, message: string): void {
  expect(error).to.be.instanceOf(UserError);
  expect((error as UserError).message).to.include(message);
}

describe('a pose model', () => {
  before(() => tf.setBackend('cpu'));

  for (const format of ['graph', 'layers']) {
    it(`is built of a ${format} model, and knows its weights' names`, async () => {
      const path = projectPath(`models/fixtures/mobilenetv2-hourglass/${format}`);
      const model = await loadPoseModel(await readModelFolder(path));
      expect([model.height, model.width]).to.deep.equal([64, 64]);
      const tensors = tf.memory().numTensors;
      const { heatmaps, joints, values } = await model.predict(new Float32Array(64 * 64 * 3));
      expect(heatmaps).to.include({ height: 16, width: 16, joints: 16 });
      expect([joints.length, values.length]).to.deep.equal([16, 16 ** 3]);
      const output = await model.run(model.inputOf(new Float32Array(64 * 64 * 3)));
      expect(output).to.deep.equal({ shape: [1, 16, 16, 16], values });
      expect(tf.memory().numTensors).to.equal(tensors);
      expect(model.weightName({})).to.equal(undefined);
      model.dispose();
    });
  }

  const wrongInputs: [shape: [number | null, number | null, number], message: string][] = [
    [[8, 8, 1], '3 channels'],
    [[null, null, 3], 'height and width must be fixed'],
    [[15, 16, 3], 'must have 16 to 2048 pixels'],
    [[1000, 2049, 3], 'must have 16 to 2048 pixels'],
    [[16, 65, 3], 'one at most 4 times as many as the other'],
  ];
  for (const [shape, message] of wrongInputs) {
    it(`must take a picture, not [${shape.join(', ')}]`, async () => {
      expectUserError(await rejection(loadPoseModel(await folderOf(convolution(shape)))), message);
    });
  }

  it('must take no vector', async () => {
    const dense = sequential({ layers: [layers.dense({ inputShape: [4], units: 2 })] });
    const error = await rejection(loadPoseModel(await folderOf(dense)));
    expectUserError(error, 'takes one picture');
  });

  it('must give heatmaps or keypoints', async () => {
    const classifier = sequential({
      layers: [layers.flatten({ inputShape: [16, 16, 3] }), layers.dense({ units: 2 })],
    });
    const model = await loadPoseModel(await folderOf(classifier));
    const error = await rejection(model.predict(new Float32Array(16 * 16 * 3)));
    expectUserError(error, 'gives float32 [1, 2]: neither heatmaps');
  });

  it('may give keypoints, as shares of the sides of its picture', async () => {
    const weights = [0.25, 0.5, 0.9, 1, 0, 0.1];
    const regression = sequential({
      layers: [
        layers.flatten({ inputShape: [16, 32, 3] }),
        layers.dense({
          units: 6,
          kernelInitializer: 'zeros',
          biasInitializer: 'ones',
          weights: [tf.zeros([16 * 32 * 3, 6]), tf.tensor1d(weights)],
        }),
        layers.reshape({ targetShape: [1, 2, 3] }),
      ],
    });
    const model = await loadPoseModel(await folderOf(regression));
    const { heatmaps, joints } = await model.predict(new Float32Array(16 * 32 * 3));
    expect(heatmaps).to.equal(undefined);
    const rounded = joints.map((joint) => ({ ...joint, score: Math.round(100 * joint.score) }));
    expect(rounded).to.deep.equal([
      { x: 16, y: 4, score: 90 },
      { x: 0, y: 16, score: 10 },
    ]);
  });

  it('must be made of layers and operations that TensorFlow.js knows', async () => {
    const folder = await folderOf(convolution([16, 16, 3]));
    const text = JSON.stringify(folder.artifacts.modelTopology).replace('Conv2D', 'Conv9D');
    folder.artifacts.modelTopology = JSON.parse(text) as object;
    expectUserError(await rejection(loadPoseModel(folder)), 'cannot be built');

    const path = projectPath('models/fixtures/mobilenetv2-hourglass/graph');
    const graph = await readModelFolder(path);
    const topology = JSON.stringify(graph.artifacts.modelTopology).replace('MaxPool', 'MaxPuddle');
    graph.artifacts.modelTopology = JSON.parse(topology) as object;
    const error = await rejection(
      loadPoseModel(graph).then((model) => model.predict(new Float32Array(64 * 64 * 3))),
    );
    expectUserError(error, 'cannot be');
  });
});
