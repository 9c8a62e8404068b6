import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCanvas } from '@napi-rs/canvas';
import { breakBytes, breakWeights } from './bytes.js';
import { breakJson, type Json } from './json.js';
import { Random } from './random.js';

/** One case: a model's folder and an image, some of it broken. */
export interface Case {
  model: string;
  image: string;
  /** What was done to them. */
  changes: string[];
}

/** The models that are broken, below the project's root. */
const MODELS = ['mobilenetv2-hourglass', 'resnet-basic-hourglass'].flatMap((network) =>
  ['graph', 'layers'].map((format) => `models/fixtures/${network}/${format}`),
);
/** A card with all that there can be in one. */
const CARD = 'models/trained/mobilenetv2-dynamic-b025/dynconv.json';
/** Operations that take a graph elsewhere than where its author meant to go. */
const OPERATIONS = [
  ...['Fill', 'Range', 'Tile', 'Reshape', 'Transpose', 'Pad', 'MaxPool', 'AvgPool', 'Conv2D'],
  ...['DepthwiseConv2dNative', 'ResizeBilinear', 'ConcatV2', 'Select', 'Mean', 'GatherV2', 'Where'],
  ...['While', 'Enter', 'Merge', 'Switch', 'NextIteration', 'Placeholder', 'NoOp', 'Unknown'],
];
const OTHER_FORMATS: readonly string[] = [
  '<svg xmlns="http://www.w3.org/2000/svg" width="100000" height="100000"><rect width="9" height="9"/></svg>',
  '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"></svg>',
  'GIF89a\u0001\u0000\u0001\u0000\u0000\u0000\u0000,\u0000\u0000\u0000\u0000\u0001\u0000\u0001\u0000\u0000\u0002\u0001;',
  'BM6\u0000\u0000\u0000',
  '%PDF-1.7\n',
  '',
];

/** Something that is broken in one place. */
type Change = (kase: Files, random: Random) => string;

interface Files {
  model: string;
  image: string;
}

/** All kinds of changes; those of the model's description come more often. */
const CHANGES: readonly Change[] = [
  ({ model }, random) => changeJson(join(model, 'model.json'), (json) => breakJson(json, random)),
  ({ model }, random) => changeJson(join(model, 'model.json'), (json) => breakJson(json, random)),
  ({ model }, random) => changeJson(join(model, 'model.json'), (json) => breakGraph(json, random)),
  ({ model }, random) => changeBytes(join(model, 'model.json'), random, breakBytes),
  ({ model }, random) => changeBytes(weightsOf(model), random, breakBytes),
  ({ model }, random) => changeBytes(weightsOf(model), random, breakWeights),
  ({ model }, random) => changeJson(join(model, 'dynconv.json'), (json) => breakJson(json, random)),
  ({ image }, random) => changeBytes(image, random, breakBytes),
  ({ image }, random) => {
    const bytes = random.pick(OTHER_FORMATS);
    writeFileSync(image, bytes, 'latin1');
    return `image: ${JSON.stringify(bytes.slice(0, 20))}`;
  },
];

/**
 * Makes a case of a seed in an empty folder.
 *
 * @param root the project's.
 */
export function makeCase(root: string, folder: string, seed: number): Case {
  rmSync(folder, { recursive: true, force: true });
  const model = join(folder, 'model');
  mkdirSync(model, { recursive: true });
  const random = new Random(seed);
  cpSync(join(root, random.pick(MODELS)), model, { recursive: true });
  cpSync(join(root, CARD), join(model, 'dynconv.json'));
  const image = join(folder, 'image');
  writeFileSync(image, anyImage(random));
  const changes = Array.from({ length: 1 + random.below(2) }, () =>
    random.pick(CHANGES)({ model, image }, random),
  );
  return { model, image, changes };
}

function anyImage(random: Random): Buffer {
  const canvas = createCanvas(1 + random.below(80), 1 + random.below(80));
  const context = canvas.getContext('2d');
  context.fillStyle = '#f80';
  context.fillRect(5, 5, 30, 30);
  switch (random.below(3)) {
    case 0:
      return canvas.toBuffer('image/jpeg');
    case 1:
      return canvas.toBuffer('image/png');
    default:
      return canvas.toBuffer('image/webp');
  }
}

function weightsOf(model: string): string {
  return join(
    model,
    readdirSync(model).find((name) => name.endsWith('.bin'))!,
  );
}

function changeJson(file: string, change: (json: Json) => string): string {
  let json: Json;
  try {
    json = JSON.parse(readFileSync(file, 'utf8')) as Json;
  } catch {
    return 'nothing: it is no JSON any more';
  }
  const what = change(json);
  writeFileSync(file, JSON.stringify(json));
  return what;
}

function changeBytes(
  file: string,
  random: Random,
  change: (bytes: Buffer, random: Random) => [Buffer, string],
): string {
  const [bytes, what] = change(readFileSync(file), random);
  writeFileSync(file, bytes);
  return `${file.slice(file.lastIndexOf('/') + 1)}: ${what}`;
}

/** Gives a node of a graph another operation or another input. */
function breakGraph(json: Json, random: Random): string {
  const { node: nodes = [] } =
    (json as { modelTopology?: { node?: GraphNode[] } }).modelTopology ?? {};
  if (!Array.isArray(nodes) || nodes.length === 0) return breakJson(json, random);
  const node = random.pick(nodes);
  if (random.chance(0.5) || !node.input?.length) {
    node.op = random.pick([...OPERATIONS, ...nodes.map(({ op }) => op)]);
    return `${node.name}: made ${node.op}`;
  }
  const source = random.pick(nodes).name;
  node.input[random.below(node.input.length)] = source;
  return `${node.name}: reads ${source}`;
}

interface GraphNode {
  name: string;
  op: string;
  input?: string[];
}
