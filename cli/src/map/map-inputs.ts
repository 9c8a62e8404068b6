import { mapNetwork, type MappedLayer, type SearchOptions } from 'tfjs-backend-dynconv/mapping';
import type { Progress } from '../progress.js';
import type { Inputs } from './inputs.js';
import { SearchPool } from './search-pool.js';

/** How `map` and `simulate` map what they read. */
export interface MappingJob {
  options: SearchOptions;
  /** Threads to search on. */
  threads: number;
  progress: Progress;
  /** Indices of the layers to map; all without it. */
  only?: readonly number[];
}

/** Maps a network on worker threads, and tells how far it is. */
export async function mapInputs(
  { network, activity, platform, rules }: Inputs,
  { options, threads, progress, only }: MappingJob,
): Promise<MappedLayer[]> {
  const count = only?.length ?? network.layers.length;
  progress.stage(`mapping ${count} ${count === 1 ? 'layer' : 'layers'}`);
  const pool = new SearchPool({ platform, options }, threads);
  try {
    return await mapNetwork(network, activity, platform, rules, options, {
      search: (task) => pool.search(task),
      onProgress: (done, total) => {
        progress.step(done, total);
      },
      ...(only && { only }),
    });
  } finally {
    await pool.close();
    progress.clear();
  }
}
