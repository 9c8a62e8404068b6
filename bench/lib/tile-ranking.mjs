/** Holds the predicted ranking of tiles against the measured one. */
import { mean, median, sampleRankCorrelation } from 'simple-statistics';

const choices = (results) => results.filter(({ tiles }) => tiles.length > 1);
const fastest = (tiles, by) => tiles.reduce((best, tile) => (tile[by] < best[by] ? tile : best));

/** Spearman's rank correlation of predicted and measured times of a layer's tiles. */
export function correlationOf(tiles) {
  const [predicted, measured] = ['predicted', 'measured'].map((by) =>
    tiles.map((tile) => tile[by]),
  );
  return sampleRankCorrelation(predicted, measured);
}

/**
 * @returns {object} Spearman's rank correlation: of all times a multiply-accumulate, and of the tiles
 *   layer by layer (mean, worst); in how many layers the fastest tile was predicted, and what the
 *   predicted tiles take over the fastest ones, in the whole network
 */
export function rankingOf(results) {
  const layers = choices(results);
  const all = results.flatMap(({ tiles }) => tiles);
  const byLayer = layers.map(({ tiles }) => correlationOf(tiles));
  const total = (pick) =>
    layers.reduce((sum, { tiles, times }) => sum + times * pick(tiles).measured, 0);
  return {
    spearman: {
      all: sampleRankCorrelation(
        all.map(({ predicted, macs }) => predicted / macs),
        all.map(({ measured, macs }) => measured / macs),
      ),
      layersMean: mean(byLayer),
      layersWorst: Math.min(...byLayer),
    },
    fastestPredicted: layers.filter(
      ({ tiles }) => fastest(tiles, 'predicted') === fastest(tiles, 'measured'),
    ).length,
    layers: layers.length,
    loss:
      total((tiles) => fastest(tiles, 'predicted')) / total((tiles) => fastest(tiles, 'measured')) -
      1,
    medianError: median(all.map(({ predicted, measured }) => Math.abs(predicted / measured - 1))),
  };
}

/** The measured times, as JSON with a layer a line. */
export function recordOf(machine, results) {
  const lines = results.map(({ definition, tiles }) =>
    JSON.stringify({
      layer: definition,
      milliseconds: Object.fromEntries(
        tiles.map(({ kernel, measured }) => [kernel, Number(measured.toPrecision(4))]),
      ),
    }),
  );
  return `{"machine": ${JSON.stringify(machine)}, "layers": [\n${lines.join(',\n')}\n]}\n`;
}

const percent = (share) => `${(100 * share).toFixed(1)} %`;
const milliseconds = (value) => value.toPrecision(3);
const tileName = (kernel) => kernel.split('_').pop();

export function rankingPage(results, ranking, machine) {
  const { spearman, fastestPredicted, layers, loss, medianError } = ranking;
  const rows = choices(results).map((result) => {
    const order = (by) =>
      [...result.tiles]
        .sort((a, b) => a[by] - b[by])
        .map((tile) => `${tileName(tile.kernel)} ${milliseconds(tile[by])}`)
        .join(', ');
    const cells = [result.layer, result.times, order('predicted'), order('measured')];
    return `| ${[...cells, correlationOf(result.tiles).toFixed(2)].join(' | ')} |`;
  });
  const single = results
    .filter(({ tiles }) => tiles.length === 1)
    .map(({ layer, times, tiles: [tile] }) => {
      const cells = [layer, times, milliseconds(tile.predicted), milliseconds(tile.measured)];
      return `| ${cells.join(' | ')} |`;
    });
  return `# Tiles, predicted and measured

Written by \`npm run rank-tiles\` for the layers of the published network, every pixel computed, on one lane: ${machine}.
The prediction is the mapping explorer's, of \`hardware/cpu-wasm-simd.yaml\` alone, which
\`npm run measure-cpu\` wrote without any layer of the network: what a core loads, stores, multiplies and adds in a
cycle, how long a sum waits for the one before it, what its caches hand down, and what a microkernel takes to begin a tile.

| | |
| --- | ---: |
| Spearman's rank correlation of all layers and tiles, by time for a multiply-accumulate | ${spearman.all.toFixed(3)} |
| Spearman's rank correlation of a layer's tiles: mean of the layers | ${spearman.layersMean.toFixed(3)} |
| the same: worst layer | ${spearman.layersWorst.toFixed(2)} |
| layers whose fastest tile was predicted | ${fastestPredicted} of ${layers} |
| what the predicted tiles take more than the fastest ones, over the network's convolutions | ${percent(loss)} |
| median error of a predicted time | ${percent(medianError)} |

Milliseconds of each layer, the fastest tile first: as predicted, and as measured (the fastest of many slices, all tiles in turns).

| layer (kernel/stride, channels, output) | times | predicted | measured | rank correlation |
| --- | ---: | --- | --- | ---: |
${rows.join('\n')}

Depthwise layers have one microkernel, so there is nothing to rank, but a time to predict:

| layer | times | predicted, ms | measured, ms |
| --- | ---: | ---: | ---: |
${single.join('\n')}

## What decides

- **Multiply-adds and loads** have units of their own: the busier one counts. A number that is loaded into all lanes of a vector takes
  as long as a vector, so a tile of six rows and two vectors of output channels loads eight vectors for twelve multiply-adds.
- **Waiting.** A sum takes the next multiply-add when the last is done. Tiles with fewer sums than multiply-adds under way
  (the narrow ones of \`1x32\`) leave the units idle.
- **Registers.** Where sums and the vectors that are loaded at the same time are more than there are registers, sums go through memory:
  \`6x16\`, \`1x32\` and \`4x1\` wait for that in vectors of 128 bits. V8 moves the loads of a step to its front; \`6x8\` and \`6x16\` keep it from that.
- **Remainders.** What whole tiles leave of the output channels goes into the narrowest tile that holds it.
- **Beginnings.** Layers with few input channels pay for addresses, bias, bounds, stores and the branch at the loop's end, tile by tile.
- **Caches** seldom decide here: a panel and its rows are handed down faster than they are used.
`;
}
