/**
 * Runs zigzag-dse and this project's search one after the other on the same layers, and prints what each
 * finds and how long it takes.
 *
 *     node bench/zigzag/compare.mjs [--python PYTHON] [--accelerator tpu_like] [--layers 4]
 *
 * PYTHON is one with `pip install zigzag-dse==3.9.1 six`. Takes the first layers of ResNet-18 and MobileNetV2, at zigzag's limit of
 * 6 loop prime factors. Needs the mapping step of `npm run build`.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { FREE, OBJECTIVES, score, searchLayer } from 'tfjs-backend-dynconv/mapping';
import { inRoot } from '../../scripts/lib/paths.mjs';

const { values } = parseArgs({
  options: {
    python: { type: 'string', default: 'python3' },
    accelerator: { type: 'string', default: 'tpu_like' },
    layers: { type: 'string', default: '4' },
  },
});

/** What zigzag finds: its record of the layers, see reference.py. */
function runZigzag() {
  const folder = mkdtempSync(join(tmpdir(), 'zigzag-'));
  const args = ['--out', folder, '--accelerators', values.accelerator, '--layers', values.layers];
  const script = inRoot('bench/zigzag/reference.py');
  const { status } = spawnSync(values.python, [script, ...args], { stdio: 'inherit' });
  if (status !== 0) {
    console.error(
      `${values.python} did not run reference.py: it needs "pip install zigzag-dse==3.9.1 six".`,
    );
    process.exit(1);
  }
  const record = JSON.parse(readFileSync(join(folder, `${values.accelerator}.json`), 'utf8'));
  rmSync(folder, { recursive: true });
  return record;
}

/** Searches one layer with one spatial mapping for each objective. */
function runOurs(layer, accelerator, { spatialMapping }) {
  const rule = {
    ...FREE,
    spatialMapping: Object.entries(spatialMapping).map(([dimension, unrollings]) => ({
      dimension,
      unrollings: Object.entries(unrollings).map(([dim, factor]) => ({ dim, factor })),
    })),
  };
  const start = performance.now();
  const best = OBJECTIVES.map((objective) => {
    const { mappings } = searchLayer(layer, accelerator, rule, { objective, lpfLimit: 6 });
    return { objective, ...mappings[0] };
  });
  return { best, seconds: (performance.now() - start) / 1000 / OBJECTIVES.length };
}

const { layers, accelerator } = runZigzag();
const total = { zigzag: 0, ours: 0 };
let worst = 0;
console.log('loops of the layer: seconds a search of zigzag, of ours, ratio');
for (const [key, searches] of Object.entries(layers)) {
  const layer = { name: 'layer', ...JSON.parse(key) };
  for (const search of searches) {
    const { best, seconds } = runOurs(layer, accelerator, search);
    for (const { objective, ...cost } of best) {
      const theirs = score(search.best[objective], objective);
      worst = Math.max(worst, Math.abs(score(cost, objective) / theirs - 1));
    }
    total.zigzag += search.seconds;
    total.ours += seconds;
    const loops = layer.loops.filter(({ size }) => size > 1).map(({ dim, size }) => dim + size);
    const ratio = (search.seconds / seconds).toFixed(0);
    console.log(
      `${loops.join(' ')}: ${search.seconds.toFixed(2)}, ${seconds.toFixed(4)}, ${ratio}`,
    );
  }
}
console.log(
  `in all ${total.zigzag.toFixed(1)} s and ${total.ours.toFixed(2)} s: ${(total.zigzag / total.ours).toFixed(0)} times as fast`,
);
console.log(`the best costs differ by ${(worst * 100).toFixed(7)} % at the most`);
