import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import { loadGraphModel } from '@tensorflow/tfjs-converter';
import * as tf from '@tensorflow/tfjs-core';
import { loadLayersModel } from '@tensorflow/tfjs-layers';
import { assert } from 'chai';
import { profile } from '../../src/index.js';
import { assertClose } from '../backend/closeness.js';
import { assertLeavesNothing } from '../backend/footprint.js';
import { assetBytes } from '../support/environment.js';
import { modelIn, tensorIn } from '../support/models.js';

/** What a fixture says of itself: where its input and Keras's output lie, and its masks. */
interface Reference {
  input: { file: string; shape: number[] };
  output: { file: string; shape: number[] };
  maskDensities: Record<string, number>;
}

/** A converted model, whatever its format. */
interface Model {
  predict(x: tf.Tensor): tf.Tensor | tf.Tensor[] | tf.NamedTensorMap;
  dispose(): void;
}

const FORMATS: Record<string, (folder: string) => Promise<Model>> = {
  graph: (folder) => loadGraphModel(modelIn(`${folder}/graph`)),
  layers: (folder) => loadLayersModel(modelIn(`${folder}/layers`)),
};

async function referenceOf(folder: string): Promise<Reference> {
  const text = new TextDecoder().decode(await assetBytes(`${folder}/reference.json`));
  return JSON.parse(text) as Reference;
}

for (const name of [
  'mobilenetv2-hourglass',
  'resnet-basic-hourglass',
  'resnet-bottleneck-hourglass',
]) {
  for (const [format, load] of Object.entries(FORMATS)) {
    describe(`the ${format} model ${name}`, () => {
      const folder = `models/fixtures/${name}`;
      let reference: Reference;
      let model: Model;
      let input: tf.Tensor;

      before(async () => {
        await tf.setBackend('dynconv');
        reference = await referenceOf(folder);
        model = await load(folder);
        input = await tensorIn(`${folder}/${reference.input.file}`, reference.input.shape);
      });

      after(() => {
        model.dispose();
        input.dispose();
      });

      const predict = (): { shape: number[]; values: Float32Array } =>
        tf.tidy(() => {
          const output = model.predict(input) as tf.Tensor;
          return { shape: output.shape, values: output.dataSync() as Float32Array };
        });

      it('gives what Keras gives', async () => {
        const expected = new Float32Array(
          (await assetBytes(`${folder}/${reference.output.file}`)).buffer,
        );
        const { shape, values } = predict();
        assert.deepEqual(shape, reference.output.shape);
        assertClose(values, expected, 1e-3);
      });

      it('gives what the wasm backend gives', async () => {
        const { values } = predict();
        await tf.setBackend('wasm');
        const expected = predict().values;
        await tf.setBackend('dynconv');
        assertClose(values, expected);
        assertClose(predict().values, expected);
      });

      it('gives the same without skipping', () => {
        const { values } = predict();
        tf.env().set('DYNCONV_SKIP', false);
        try {
          assertClose(predict().values, values, 1e-5);
        } finally {
          tf.env().set('DYNCONV_SKIP', true);
        }
      });

      it('skips what its masks say', async () => {
        const { result, layers, macs, theoreticalGain } = await profile(
          () => model.predict(input) as tf.Tensor,
          { repeats: 1 },
        );
        result.dispose();
        assert.isBelow(macs.executed, 0.9 * macs.total);
        assert.closeTo(theoreticalGain, macs.total / macs.executed, 1e-9);
        // A block's projection computes just the pixels of its mask: that many of all.
        const densities = layers.map(({ pixels }) => pixels.active / pixels.total);
        for (const [mask, density] of Object.entries(reference.maskDensities)) {
          const found = densities.some((d) => Math.abs(d - density) < 1e-3);
          assert.isTrue(found, `${mask}: no layer has density ${density} of ${densities}`);
        }
        for (const density of densities) assert.isAtMost(density, 1);
      });

      it('leaves nothing behind', async () => {
        await assertLeavesNothing(() => {
          predict();
          // And where nobody reads what was predicted.
          tf.dispose(model.predict(input));
        });
      });
    });
  }
}
