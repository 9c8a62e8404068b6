import * as tf from '@tensorflow/tfjs-core';
import { onnxModel } from '../peers/onnx-model.js';
import { onnxRuntime, type OnnxRuntime } from '../peers/onnxruntime.js';
import type { Peer } from '../peers/peer.js';
import { say, workloadModel } from './host.js';
import { installPeers, peerFile } from './peer-packages.js';

/**
 * The peers that run in Node: native ONNX Runtime on one and on `threads` threads, with the
 * published workload and with that network without its mask units.
 *
 * @param install whether to fetch what is not installed.
 */
export async function nodePeers(
  picture: Float32Array,
  { install, threads }: { install: boolean; threads: number },
): Promise<Peer[]> {
  if (install) await installPeers();
  const url = peerFile('onnxruntime-node', 'dist/index.js');
  if (url === undefined) {
    say('onnxruntime-node is not installed: --peers --install fetches it');
    return [];
  }
  const { default: runtime } = (await import(url)) as { default: OnnxRuntime };
  const artifacts = await (await workloadModel()).load?.();
  if (!artifacts) throw new Error('the published workload cannot be loaded');
  // The filters are turned on it.
  await tf.setBackend('wasm');
  const peers: Peer[] = [];
  for (const isDense of [false, true]) {
    const model = onnxModel(artifacts, { masks: !isDense });
    for (const count of new Set([1, threads])) {
      const name = `onnxruntime-node, ${threadsOf(count)}${isDense ? ', no masks' : ''}`;
      const options = { name, isDense, provider: 'cpu', threads: count, model, picture } as const;
      peers.push(onnxRuntime(runtime, options));
    }
  }
  return peers;
}

/** A number of threads in words. */
export function threadsOf(count: number): string {
  return count === 1 ? '1 thread' : `${count} threads`;
}
