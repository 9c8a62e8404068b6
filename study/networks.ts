import { readFileSync } from 'node:fs';
import { parseTfjsNetwork } from '../src/mapping/workload/tfjs/tfjs-network.js';
import type { Network } from '../src/mapping/workload/network.js';
import { NO_DENSITIES, type Densities } from '../src/mapping/dynamic/densities.js';
import { RESNET101, RESNET32, RESNET50, resnet } from './resnet.js';

/** A network of the study and the amounts of work that its masks leave. */
export interface Subject {
  name: string;
  network: Network;
  cases: { name: string; densities: Densities }[];
}

/** Shares of each block's multiply-accumulates that are executed. */
export const BUDGETS = [1, 0.5, 0.25, 0.125];

const PUBLISHED = 'models/mobilenetv2-hourglass-s0125';

/** The networks that the paper evaluates, as far as they are published. */
export function subjects(): Subject[] {
  const pose = converted(PUBLISHED);
  return [
    {
      name: 'MobileNetV2 hourglass, 256x256',
      network: pose,
      cases: [...budgetCases(pose), { name: 'published', densities: published(pose) }],
    },
    subject('ResNet hourglass, 192x192', converted('models/trained/resnet-dynamic-b025')),
    subject('ResNet-32, 32x32', resnet(RESNET32)),
    subject('ResNet-50, 224x224', resnet(RESNET50)),
    subject('ResNet-101, 224x224', resnet(RESNET101)),
  ];
}

function subject(name: string, network: Network): Subject {
  return { name, network, cases: budgetCases(network) };
}

function budgetCases(network: Network): Subject['cases'] {
  return BUDGETS.map((budget) => ({
    name: String(budget),
    densities: {
      ...NO_DENSITIES,
      masks: Object.fromEntries(decisions(network).map((name) => [name, { executed: budget }])),
    },
  }));
}

function decisions({ layers }: Network): string[] {
  return layers.filter(({ type }) => type === 'Decision').map(({ name }) => name);
}

/** The published shares, block by block. */
function published({ layers }: Network): Densities {
  const { blocks } = JSON.parse(readFileSync(`${PUBLISHED}/published.json`, 'utf8')) as {
    blocks: { name: string; executedMacsPercent: number }[];
  };
  const masks = blocks.map(({ name, executedMacsPercent }) => {
    const decision = layers.find((layer) => layer.name.includes(`/${name}_mask_conv/`));
    if (!decision) throw new Error(`the published network has no block ${name}`);
    return [decision.name, { executed: executedMacsPercent / 100 }] as const;
  });
  return { ...NO_DENSITIES, masks: Object.fromEntries(masks) };
}

function converted(folder: string): Network {
  const text = readFileSync(`${folder}/model.json`, 'utf8');
  const { weightsManifest } = JSON.parse(text) as { weightsManifest: { paths: string[] }[] };
  const files = weightsManifest.flatMap(({ paths }) => paths);
  const weights = Buffer.concat(files.map((path) => readFileSync(`${folder}/${path}`)));
  return parseTfjsNetwork(folder, text, { weights });
}
