import type { Densities } from '../src/mapping/dynamic/densities.js';
import { evaluate, type Result } from './evaluate.js';
import { depthFirstFigure, gainFigure } from './figures.js';
import { subjects } from './networks.js';
import { page, rowsOf } from './page.js';

/**
 * Evaluates everything.
 *
 * @param tell hears which network is next
 * @returns the files of the study, by their place in the project
 */
export async function study(tell: (network: string) => void): Promise<Map<string, string>> {
  const results: Result[] = [];
  const all = subjects();
  for (const subject of all) {
    tell(subject.name);
    results.push(...(await evaluate(subject)));
  }
  const rows = rowsOf(results);
  const budgets = rows.filter(({ result }) => !['static', 'published'].includes(result.work));
  const gains = budgets.map(({ result, gain, theoretical }) => ({
    network: result.subject,
    series: result.chip,
    theoretical,
    gain,
  }));
  const savings = budgets
    .filter(({ result }) => result.chip === 'two-arrays')
    .map(({ result: { subject, work, timelines } }) => ({
      network: subject,
      work,
      ...savedBy(timelines['depth-first'], timelines['layer-by-layer'], timelines['whole-layers']),
    }));
  const published = all.flatMap(({ cases }) => cases).find(({ name }) => name === 'published')!;
  return new Map([
    ['docs/mapping-study.md', page(rows)],
    ['docs/mapping-study/gain.svg', gainFigure(gains, ['one-array', 'two-arrays'])],
    ['docs/mapping-study/depth-first.svg', depthFirstFigure(savings)],
    ['docs/mapping-study/published-densities.json', densityFile(published.densities)],
  ]);
}

type Timeline = Result['maskRows'];

/** Shares of latency and of features inside of blocks that depth-first execution saves. */
function savedBy(fused: Timeline, layered: Timeline, whole: Timeline) {
  return {
    'latency, of whole layers': 1 - fused.latency / whole.latency,
    'latency, of layer by layer': 1 - fused.latency / layered.latency,
    'features inside of blocks': 1 - fused.peakBitsInBlocks / layered.peakBitsInBlocks,
  };
}

function densityFile(densities: Densities): string {
  return `${JSON.stringify(densities, null, 1)}\n`;
}
