/**
 * Makes the tests' fixture of what bench/zigzag/reference.py wrote.
 *
 *     node bench/zigzag/record.mjs FOLDER
 *
 * Keeps of each search what it was given and the latency and energy of the best mapping for each objective.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inRoot } from '../../scripts/lib/paths.mjs';

const FIXTURE = inRoot('test/mapping/fixtures/zigzag.json');

/** A spatial mapping in the terms of src/mapping. */
function toSpatialMapping(dimensions) {
  return Object.entries(dimensions).map(([dimension, unrollings]) => ({
    dimension,
    unrollings: Object.entries(unrollings).map(([dim, factor]) => ({ dim, factor })),
  }));
}

/** The mapping rule that zigzag applied: these networks have no layers that others are for. */
function toRule(mapping) {
  const { spatial_mapping, spatial_mapping_hint, memory_operand_links } = mapping.find(
    ({ name }) => name === 'default',
  );
  return {
    name: 'default',
    spatialMapping: Object.entries(spatial_mapping ?? {}).map(([dimension, unrollings]) => ({
      dimension,
      unrollings: unrollings.map((text) => {
        const [dim, factor] = text.split(', ');
        return { dim, factor: Number(factor) };
      }),
    })),
    hints: spatial_mapping_hint ?? {},
    links: memory_operand_links,
    ordering: { inner: [], outer: [] },
  };
}

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  console.error('node bench/zigzag/record.mjs FOLDER: which folder did reference.py write to?');
  process.exit(2);
}
const layers = [];
const accelerators = [];
for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) {
  const record = JSON.parse(readFileSync(join(folder, file), 'utf8'));
  const names = new Map();
  for (const [network, members] of Object.entries(record.networks)) {
    for (const { name, key } of members) {
      if (!names.has(key)) names.set(key, `${network}${name}`);
    }
  }
  const results = Object.entries(record.layers).map(([key, searches]) => {
    let index = layers.findIndex((layer) => layer.key === key);
    if (index < 0) index = layers.push({ key, name: names.get(key) }) - 1;
    return {
      layer: index,
      searches: searches.map(({ spatialMapping, mappings, best }) => ({
        spatialMapping: toSpatialMapping(spatialMapping),
        mappings,
        best: Object.fromEntries(
          Object.entries(best).map(([objective, { latency, energy }]) => [
            objective,
            { latency, energy },
          ]),
        ),
      })),
    };
  });
  const { accelerator, mapping } = record;
  accelerators.push({
    name: file.replace('.json', ''),
    accelerator,
    rule: toRule(mapping),
    results,
  });
}
const fixture = {
  source: 'zigzag-dse 3.9.1, lpf_limit 6: what bench/zigzag/reference.py finds',
  layers: layers.map(({ key, name }) => ({ name, ...JSON.parse(key) })),
  accelerators,
};
writeFileSync(FIXTURE, `${JSON.stringify(fixture)}\n`);
console.log(`${FIXTURE}: ${layers.length} layers, ${accelerators.length} accelerators`);
