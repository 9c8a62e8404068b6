import type { Network } from '../../src/mapping/workload/network.js';
import { parseTfjsNetwork } from '../../src/mapping/workload/tfjs/tfjs-network.js';
import { assetBytes } from '../support/environment.js';

/** Reads a converted model of the project, its weights too. */
export async function readNetwork(folder: string): Promise<Network> {
  const text = new TextDecoder().decode(await assetBytes(`${folder}/model.json`));
  const { weightsManifest } = JSON.parse(text) as { weightsManifest: { paths: string[] }[] };
  const shards: Uint8Array[] = [];
  for (const path of weightsManifest.flatMap(({ paths }) => paths)) {
    shards.push(await assetBytes(`${folder}/${path}`));
  }
  const weights = new Uint8Array(shards.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const shard of shards) {
    weights.set(shard, offset);
    offset += shard.length;
  }
  return parseTfjsNetwork(`${folder}/model.json`, text, { weights });
}
