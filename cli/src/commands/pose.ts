import { Argument, Command, Option } from 'commander';
import { complain, EXIT } from '../exit-codes.js';
import { positiveInteger, share } from '../options.js';
import { pose } from '../pose/pose.js';
import { Progress } from '../progress.js';
import { BACKBONES, shippedModel, shippedPhotographs, type Backbone } from '../shipped.js';

/** Heatmaps are trained to be 1 at a joint. */
const DEFAULT_MIN_SCORE = 0.2;

const PREPROCESSING = `
Each image is turned as its EXIF orientation says and scaled, its aspect kept, into the
network's input, centred between black bars. Positions in --json are those in the image's
own pixels. A joint whose heatmap reaches less than --min-score, or that lies on a bar, is
"found": false and has no position. Of COCO's keypoints there are shoulders, elbows, wrists,
hips, knees and ankles; the networks know no nose, eyes and ears.

Exit codes: 0; 1 if wasm and dynconv disagree; 2 for a wrong option, model or image.`;

interface PoseFlags {
  model?: string;
  backbone?: Backbone;
  minScore: number;
  out?: string;
  runs: number;
  compare: boolean;
  layers?: boolean;
  json?: boolean;
  quiet?: boolean;
}

/** `dynconv pose`: a pose network on photographs. */
export function poseCommand(): Command {
  return new Command('pose')
    .description(
      'Runs a pose network on pictures, on dynconv and on wasm, and draws what came out.',
    )
    .addArgument(
      new Argument(
        '[images...]',
        'JPEG, PNG or WebP files, and folders of .jpg, .jpeg and .png files',
      ).default(shippedPhotographs(), 'the shipped photograph'),
    )
    .addOption(
      new Option('-b, --backbone <name>', 'the trained network with this backbone').choices(
        BACKBONES,
      ),
    )
    .addOption(
      new Option(
        '-m, --model <folder>',
        `a converted model: the folder of its model.json (default: ${shippedModel()})`,
      ).conflicts('backbone'),
    )
    .option(
      '-o, --out <path>',
      'the PNG to write, or with several images the folder (default: <image>-pose.png, here); ' +
        'a chart of the lanes goes beside it (<image>-timeline.svg)',
    )
    .option(
      '--min-score <number>',
      'the least score of a joint that is drawn, from 0 to 1',
      share,
      DEFAULT_MIN_SCORE,
    )
    .option('-n, --runs <number>', 'timed predictions on each backend', positiveInteger, 7)
    .option('--no-compare', 'run on dynconv alone')
    .option('--layers', 'report layer by layer, too')
    .option('--json', 'print one JSON document on stdout')
    .option('-q, --quiet', 'no progress on stderr')
    .addHelpText('after', PREPROCESSING)
    .action(async (images: string[], flags: PoseFlags) => {
      const print = (text: string): void => {
        if (!flags.json) process.stdout.write(`${text}\n`);
      };
      const model = flags.model ?? shippedModel(flags.backbone);
      const progress = new Progress(flags.quiet);
      const report = await pose({ ...flags, model, images }, { progress, print, complain });
      if (flags.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
      if (report.failures.length > 0) {
        process.exitCode = EXIT.usage;
      } else if (report.images.some(({ agreement }) => agreement?.agree === false)) {
        process.exitCode = EXIT.disagree;
      }
    });
}
