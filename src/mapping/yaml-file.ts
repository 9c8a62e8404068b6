import {
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  visit,
  type Document,
} from 'yaml';
import type * as z from 'zod';
import { InputError, type Problem } from './problem.js';

/** Where in a document: keys and indices from its root. */
export type Path = readonly PropertyKey[];

/** Problems of one file that are told: a damaged file may have thousands. */
const MOST_PROBLEMS = 20;
/** Levels of nesting: the parser is recursive, and no file of ours comes near. */
const MOST_LEVELS = 100;

/** A YAML file whose values are known to be of the expected form, and whose lines are known. */
export class YamlFile<T> {
  private constructor(
    readonly name: string,
    readonly value: T,
    private readonly document: Document,
    private readonly lines: LineCounter,
    /** Where in the document the value lies. */
    private readonly root: Path = [],
  ) {}

  /**
   * Parses a file and holds it against a schema.
   *
   * @param name of the file, for messages
   * @throws InputError with every problem: the file, the line and what was expected there
   */
  static parse<Schema extends z.ZodType>(
    name: string,
    text: string,
    schema: Schema,
  ): YamlFile<z.output<Schema>> {
    const deepLine = lineTooDeep(text);
    if (deepLine !== undefined) {
      const message = `expected no more than ${MOST_LEVELS} levels of nesting`;
      throw new InputError([{ file: name, line: deepLine, message }]);
    }
    const lines = new LineCounter();
    const document = parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      logLevel: 'silent',
      // As Python reads these files: YAML 1.1, but `y` and `N` are names, not truth values.
      version: '1.1',
      customTags: (tags) => [
        ...tags.filter((tag) => typeof tag === 'string' || tag.tag !== 'tag:yaml.org,2002:bool'),
        'bool',
      ],
      // A key may occur twice, and the last value counts: ZigZag's own files have such keys.
      uniqueKeys: false,
    });
    if (document.errors.length > 0) {
      throw new InputError(
        document.errors.slice(0, MOST_PROBLEMS).map(({ message, pos: [offset] }) => ({
          file: name,
          line: lines.linePos(offset).line,
          message,
        })),
      );
    }
    const raw = new YamlFile<unknown>(name, plainValue(name, document, lines), document, lines);
    const result = schema.safeParse(raw.value, { reportInput: true });
    if (!result.success) {
      throw new InputError(
        result.error.issues
          .slice(0, MOST_PROBLEMS)
          .map((issue) =>
            raw.problem(issue.path, `${pathName(issue.path)}: ${describeIssue(issue)}`),
          ),
      );
    }
    return new YamlFile(name, result.data, document, lines);
  }

  /**
   * Lets a check note what a schema cannot say.
   *
   * @throws InputError if it noted anything
   */
  check(look: (report: (path: Path, message: string) => void) => void): void {
    const problems: Problem[] = [];
    look((path, message) => problems.push(this.problem(path, message)));
    if (problems.length > 0) throw new InputError(problems);
  }

  /** A part of the file whose value is known, as a file of its own. */
  part<Part>(path: Path, value: Part): YamlFile<Part> {
    return new YamlFile(this.name, value, this.document, this.lines, [...this.root, ...path]);
  }

  /** A problem with what lies at a path, or, where nothing does, with what should hold it. */
  problem(path: Path, message: string): Problem {
    return { file: this.name, line: this.lineOf(path), message };
  }

  /** The line of what lies at a path, or of the nearest thing around it. */
  lineOf(path: Path): number {
    let node: unknown = this.document.contents;
    let offset = 0;
    for (const part of [...this.root, ...path]) {
      if (isNode(node)) offset = node.range?.[0] ?? offset;
      const pair = isMap(node)
        ? node.items.findLast(({ key }) => isScalar(key) && String(key.value) === String(part))
        : undefined;
      if (pair !== undefined && isNode(pair.key)) offset = pair.key.range?.[0] ?? offset;
      node = isSeq(node) ? node.items[Number(part)] : pair?.value;
      if (node === undefined) break;
    }
    if (isNode(node) && typeof path.at(-1) === 'number') offset = node.range?.[0] ?? offset;
    return this.lines.linePos(offset).line;
  }
}

/**
 * The document as plain values. Aliases are limited, so that a small file cannot fill the memory, and
 * none may stand within what it names.
 */
function plainValue(name: string, document: Document, lines: LineCounter): unknown {
  try {
    const value: unknown = document.toJS({ maxAliasCount: 100 });
    JSON.stringify(value); // Throws where a value holds itself.
    return value;
  } catch (error) {
    let offset = 0;
    visit(document, {
      Alias(_, node) {
        offset = node.range?.[0] ?? 0;
        return visit.BREAK;
      },
    });
    const message = `expected aliases that can be resolved (${String(error).split('\n')[0]})`;
    throw new InputError([{ file: name, line: lines.linePos(offset).line, message }]);
  }
}

/** A path as a reader finds it in the file: `memories.sram.ports[1].type`. */
function pathName(path: Path): string {
  if (path.length === 0) return 'the file';
  return path.reduce<string>(
    (name, part) =>
      typeof part === 'number'
        ? `${name}[${part}]`
        : name
          ? `${name}.${String(part)}`
          : String(part),
    '',
  );
}

function describeIssue(issue: z.core.$ZodIssue): string {
  const found = 'input' in issue && issue.input !== undefined ? `, found ${show(issue.input)}` : '';
  if (issue.code === 'invalid_type' && issue.input === undefined) {
    return `is missing: expected ${issue.expected}`;
  }
  return `${issue.message}${found}`;
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** The line on which brackets, or indicators on one line, are nested too deep; undefined if none are. */
function lineTooDeep(text: string): number | undefined {
  let depth = 0;
  for (const [index, line] of text.split('\n').entries()) {
    let indicators = 0;
    for (let i = 0; i < line.length; i++) {
      const letter = line[i];
      if (letter === '[' || letter === '{') depth++;
      else if (letter === ']' || letter === '}') depth--;
      else if ('-?:'.includes(letter) && (line[i + 1] ?? ' ') === ' ') indicators++;
      if (depth > MOST_LEVELS || indicators > 3 * MOST_LEVELS) return index + 1;
    }
  }
  return undefined;
}
