import type { Timeline } from '../src/mapping/timeline/simulate.js';
import type { Result } from './evaluate.js';
import { kibibytes, percent, tableRows, thousands } from './format.js';
import type { Row } from './page.js';

/** What depth-first execution saves on the two arrays. */
export function depthFirst(rows: readonly Row[]): string {
  const dynamic = rows.filter(({ result }) => result.work !== 'static');
  const published = dynamic.find(({ result }) => result.work === 'published')!;
  return `## Depth-first: blocks row by row on the two arrays

The rows of a block go through its layers one after the other, so that its hidden feature maps are never whole. Three
schedules: *whole layers*, where a layer begins when what it reads is whole; *layer by layer*, where rows flow from array to array as they are
done, and an array goes on with the earliest layer (all figures above are of this one); *depth-first*, where within a block an array goes on
with the latest. *Masks by row* is depth-first with masks that are used as they are formed, instead of one list of positions for the whole block.
*Busiest array* is the work of the array that has most: no schedule is faster.

### Latency, kilocycles

| network | work | whole layers | layer by layer | depth-first | masks by row | busiest array | depth-first saves of whole layers | of layer by layer |
| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
${tableRows(dynamic.map(latencyCells))}

### On-chip memory for features, KiB

*Inside of blocks* are the features that only their own block reads, the most at a time; *all* are the whole network's.

| network | work | inside of blocks, whole layers | layer by layer | depth-first | saved of layer by layer | all, layer by layer | all, depth-first |
| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |
${tableRows(dynamic.map(memoryCells))}

![what depth-first execution saves](mapping-study/depth-first.svg)

Blue: latency, of whole layers. Red: latency, of layer by layer. Green: features inside of blocks, of layer by layer.

### Why latency gains so little

${explanation(published.result)}`;
}

function latencyCells({ result }: Row): string[] {
  const { timelines, maskRows, subject, work } = result;
  const [whole, layered, fused] = [
    timelines['whole-layers'],
    timelines['layer-by-layer'],
    timelines['depth-first'],
  ].map(({ latency }) => latency);
  return [
    ...[subject, work, thousands(whole), thousands(layered), thousands(fused)],
    ...[thousands(maskRows.latency), thousands(Math.max(...timelines['layer-by-layer'].busy))],
    ...[percent(1 - fused / whole), percent(1 - fused / layered)],
  ];
}

function memoryCells({ result: { timelines, subject, work } }: Row): string[] {
  const [whole, layered, fused] = [
    timelines['whole-layers'],
    timelines['layer-by-layer'],
    timelines['depth-first'],
  ];
  return [
    ...[subject, work, kibibytes(whole.peakBitsInBlocks), kibibytes(layered.peakBitsInBlocks)],
    kibibytes(fused.peakBitsInBlocks),
    percent(1 - fused.peakBitsInBlocks / layered.peakBitsInBlocks),
    ...[kibibytes(layered.peakBits), kibibytes(fused.peakBits)],
  ];
}

/** Where the main array's time goes, in the published workload. */
function explanation(result: Result): string {
  const { timelines, maskRows } = result;
  const [whole, layered, fused] = [
    timelines['whole-layers'],
    timelines['layer-by-layer'],
    timelines['depth-first'],
  ];
  const [busy] = layered.busy;
  const [{ decisions, rows }] = layered.waiting;
  const rest = layered.latency - busy - decisions - rows;
  const stem = waitingInStem(result);
  const share = (cycles: number): string => percent(cycles / layered.latency);
  return `It is the truth, not the model. What depth-first execution is said to gain in latency is the overlap of a block's layers, and on two arrays
rows that flow from one to the other have it already, in whatever order they are taken: of ${thousands(whole.latency)} kilocycles for the published
workload in whole layers, rows that flow save ${percent(1 - layered.latency / whole.latency)} with the earliest layer first, and ${percent(1 - fused.latency / whole.latency)} with the latest. Of what is left, ${thousands(layered.latency)} kilocycles,
the main array computes in ${share(busy)}, so that no schedule could save more than ${share(layered.latency - busy)}:

| the main array | kilocycles | share |
| --- | ---: | ---: |
| computes | ${thousands(busy)} | ${share(busy)} |
| waits for rows in the stem, which has no masks, for its depthwise layers | ${thousands(stem)} | ${share(stem)} |
| waits for other rows | ${thousands(rows - stem)} | ${share(rows - stem)} |
| waits for decisions | ${thousands(decisions)} | ${share(decisions)} |
| is done before the side array | ${thousands(rest)} | ${share(rest)} |

The order within blocks changes little: depth-first, the main array waits ${thousands(waited(layered) - waited(fused))} kilocycles less for decisions and rows, and works
${thousands(fused.busy[0] - busy)} more, since with every row it changes to another layer, whose weights it loads. A block's decision must be whole before its
list of positions is, and it reads the last row of the block before; where masks are used as they are formed, part of that waiting goes, too
(depth-first and so, ${percent(1 - maskRows.latency / layered.latency)} of the latency). What depth-first execution saves is memory: inside of blocks it keeps rows instead of maps.
The peak of all features is elsewhere, in the stem's maps, which no mask covers, so it shrinks only where blocks are dense.`;
}

/** Cycles in which the main array waits. */
function waited({ waiting: [{ decisions, rows }] }: Timeline): number {
  return decisions + rows;
}

/** Cycles in which the main array waits until the first decision layer begins. */
function waitingInStem({ mapped, timelines }: Result): number {
  const { spans } = timelines['layer-by-layer'];
  const first = spans.find(({ job }) => mapped[job].layer.type === 'Decision');
  const end = first?.start ?? 0;
  const work = spans
    .filter(({ core, start }) => core === 0 && start < end)
    .reduce((sum, span) => sum + Math.min(span.end, end) - span.start, 0);
  return end - work;
}
