/** Writes the published workload, with and without its masks, as the peers in a page take it. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { onnxModel } from '../peers/onnx-model.js';
import type { FlatBuffers } from '../peers/tflite-graph.js';
import { tfliteModel } from '../peers/tflite-model.js';
import { workloadArtifacts } from './host.js';
import { installPeers, peerFile } from './peer-packages.js';

const { install, models } = JSON.parse(process.argv[2]) as { install: boolean; models: string };
if (install) await installPeers();
const { default: flatBuffers } = (await import(peerFile('flatbuffers', 'js/flatbuffers.js'))) as {
  default: FlatBuffers;
};
await tf.setBackend('cpu');
const artifacts = await workloadArtifacts();
await mkdir(models, { recursive: true });
for (const masks of [true, false]) {
  const file = join(models, masks ? 'masked' : 'dense');
  await writeFile(`${file}.onnx`, onnxModel(artifacts, { masks }));
  await writeFile(`${file}.tflite`, tfliteModel(flatBuffers, artifacts, { masks }));
}
