/** Time of one block over the share of active pixels; writes docs/density.svg. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import '@tensorflow/tfjs-backend-wasm';
import { formatTable } from '../../cli/src/table.js';
import { densityPlot } from '../density-plot.js';
import { benchDensity, type DensityResult } from '../density.js';
import { formatEnvironment } from '../report.js';
import { environment, inRoot, printResults, programOptions } from './host.js';

const DEFAULT_RUNS = 41;
const PLOT = 'docs/density.svg';

function format(result: DensityResult): string {
  const { series, fit, denseMilliseconds, wasmMilliseconds, interceptShare } = result;
  return [
    formatTable(
      ['active pixels', 'disc ms', 'scattered ms'],
      series.disc.map(({ density, milliseconds }, i) => [
        `${(100 * density).toFixed(0)} %`,
        milliseconds.toFixed(2),
        series.scattered[i].milliseconds.toFixed(2),
      ]),
    ),
    `every pixel computed ${denseMilliseconds.toFixed(2)} ms, wasm ${wasmMilliseconds.toFixed(2)} ms`,
    `discs: ${fit.slope.toFixed(2)} ms x density + ${fit.intercept.toFixed(3)} ms, R2 ${fit.r2.toFixed(4)}; ` +
      `the intercept is ${(100 * interceptShare).toFixed(1)} % of the dense time`,
    `plot: ${PLOT}`,
  ].join('\n');
}

const options = programOptions();
const result = await benchDensity(options.runs ?? DEFAULT_RUNS);
const file = inRoot(PLOT);
await mkdir(dirname(file), { recursive: true });
await writeFile(file, densityPlot(result));
const where = environment();
printResults(
  options.json,
  { environment: where, ...result },
  `${formatEnvironment(where)}\n\n${format(result)}`,
);
