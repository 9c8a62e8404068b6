import { depthFirst } from './depth-first.js';
import { utilization, type Result } from './evaluate.js';
import { percent, thousands } from './format.js';
import { groups } from './groups.js';

/** Figures of one amount of work, beside those of static execution on the same chip. */
export interface Row {
  result: Result;
  latency: number;
  gain: number;
  /** Static over executed multiply-accumulates. */
  theoretical: number;
}

export function rowsOf(results: readonly Result[]): Row[] {
  return results.map((result) => {
    const base = results.find(
      ({ subject, chip, work }) =>
        subject === result.subject && chip === result.chip && work === 'static',
    )!;
    const { latency } = result.timelines['layer-by-layer'];
    return {
      result,
      latency,
      gain: base.timelines['layer-by-layer'].latency / latency,
      theoretical: base.macs / result.macs,
    };
  });
}

/** The page of the study, in Markdown. */
export function page(rows: readonly Row[]): string {
  const names = [...new Set(rows.map(({ result }) => result.subject))];
  return `${[
    INTRODUCTION,
    ...names.map((name) =>
      section(
        name,
        rows.filter(({ result }) => result.subject === name),
      ),
    ),
    groups(rows),
    depthFirst(rows.filter(({ result }) => result.chip === 'two-arrays')),
    DIFFERENCES,
  ].join('\n\n')}\n`;
}

const INTRODUCTION = `# Dynamic networks on one PE array and on two

Written by \`npm run study\`. It asks what Colleman, Verelst, Mei, Tuytelaars and Verhelst asked (*Processor
Architecture Optimization for Spatially Dynamic Neural Networks*, VLSI-SoC 2021), of this project's cost
model and timeline. Two chips of 1024 PEs: \`hardware/one-array.yaml\` (32 x 32, serves everything) and
\`hardware/two-arrays.yaml\` (48 x 20 for classical main-path layers; 64 for depthwise and decision layers,
residual additions and pools). Mappings are searched for latency, with five loop prime factors at most.

*Work* is the share of each block's multiply-accumulates (MACs) that its mask leaves, dilation included;
*published* are the shares that the evaluation log of DynConv gives block by block. *Static* has no masks
and no decisions to wait for, but computes the decision layers. *Theoretical gain* is static over executed
MACs, of the whole network; *kept* is how much of it remains in time: more than all where layers that no mask covers
use the PEs better than the others. Masks are blobs of that size from a seed.
Energies are those of the hardware files, in pJ; only ratios mean something.

![gain over static execution](mapping-study/gain.svg)

Blue: one array. Red: two arrays. Dashed: the theoretical gain.`;

function section(name: string, rows: readonly Row[]): string {
  const lines = rows.map(({ result, latency, gain, theoretical }) =>
    [
      result.chip,
      result.work,
      thousands(latency),
      (result.energy / 1e6).toFixed(1),
      percent(utilization(result)),
      gain.toFixed(2),
      theoretical.toFixed(2),
      percent(gain / theoretical),
    ].join(' | '),
  );
  return `## ${name}

| chip | work | kilocycles | energy, uJ | utilization | gain | theoretical | kept |
| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |
${lines.map((line) => `| ${line} |`).join('\n')}`;
}

const DIFFERENCES = `## Beside the paper's figures

The paper reports up to 1.9 times static throughput for classification and 2.3 times for pose. Its numbers of PEs,
its memories and its masks' densities are not public; ours are in \`hardware/\` and above. Budgets here hold
for every block alike, where trained masks differ from block to block. Layers that no mask covers (the stem, what
stands between the hourglasses, shortcuts) bound the gain, as the column *theoretical* shows. A layer's weights are
taken to be on the chip when it begins. GPUs are not modelled, so the paper's comparison with one is not repeated.
`.trimEnd();
