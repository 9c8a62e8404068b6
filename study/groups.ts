import type { MappedLayer } from '../src/mapping/dynamic/map-network.js';
import { loopSize } from '../src/mapping/workload/layer.js';
import { CHIPS, type Result } from './evaluate.js';
import { percent, tableRows, thousands } from './format.js';
import type { Row } from './page.js';

/** A way to put layers into groups. */
type GroupOf = (layer: MappedLayer) => string;

const byOperator: GroupOf = ({ layer }) => layer.type;
const bySize: GroupOf = ({ layer }) => `${loopSize(layer, 'OY')}x${loopSize(layer, 'OX')}`;

/** Of the published workload: how well each group of layers uses the array that it runs on. */
export function groups(rows: readonly Row[]): string {
  const table = (title: string, groupOf: GroupOf): string => {
    const lines = CHIPS.flatMap((chip) => {
      const [still, moving] = ['static', 'published'].map(
        (work) => rows.find(({ result }) => result.chip === chip && result.work === work)!.result,
      );
      const names = [...new Set(still.mapped.map(groupOf))];
      return names.map((name) => [chip, ...cells(name, groupOf, still, moving)]);
    });
    return `| chip | ${title} | static, kilocycles | dynamic | gain | theoretical | loss | within layers |
| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |
${tableRows(lines)}`;
  };
  return `## The published pose workload, by group of layers

Cycles of all layers of a group, one after the other. *Loss* is the utilization that is lost against the theoretical
gain. *Within layers* is the part of it that layers lose themselves, held against static cycles times the share of pixels that each
computes: idle entries where a list's length has few factors, loading, and the reading of lists. The rest is the mixture: where layers that no mask
covers take more cycles for a multiply-accumulate than the others of their group (the first convolution with its three channels, those with
16 outputs), the group gains less than in theory, and where they take fewer, more.

${table('operator', byOperator)}

The same by the size of the layers' feature maps, all operators together: where maps are small, few pixels are left of them, and
what a layer costs besides its pixels weighs more.

${table('map', bySize)}`;
}

function cells(name: string, groupOf: GroupOf, still: Result, moving: Result): string[] {
  const [a, b] = [still, moving].map(({ mapped }) => {
    const group = mapped.filter((layer) => groupOf(layer) === name);
    return {
      latency: group.reduce((sum, { latency }) => sum + latency, 0),
      macs: group.reduce((sum, { macs }) => sum + macs, 0),
    };
  });
  const [gain, theoretical] = [a.latency / b.latency, a.macs / b.macs];
  return [
    ...[name, thousands(a.latency), thousands(b.latency)],
    ...[gain.toFixed(2), theoretical.toFixed(2), percent(1 - gain / theoretical)],
    percent(1 - inProportion(name, groupOf, still, moving) / b.latency),
  ];
}

/** Static cycles of a group, each layer's times the share of pixels that it computes under masks. */
function inProportion(name: string, groupOf: GroupOf, still: Result, moving: Result): number {
  return still.mapped.reduce((sum, layer, index) => {
    const { density } = moving.mapped[index];
    return groupOf(layer) === name ? sum + layer.latency * density : sum;
  }, 0);
}
