import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const NAMESPACE = 'bound-external';

/**
 * An esbuild plugin for bundles that are no ES modules: what a package exports is looked up once, at
 * the start, and constant from then on. esbuild by itself makes an object of hundreds of getters
 * wherever a package is imported as a whole, which takes longer than all else at start-up.
 *
 * @param {readonly string[]} names the packages, which are installed here for their exports to be known
 * @param {(name: string) => string} lookUp code that defines `$package`, a package's exports where the
 *   bundle runs
 * @returns {import('esbuild').Plugin}
 */
export function boundExternals(names, lookUp) {
  const filter = new RegExp(`^(${names.join('|')})$`);
  return {
    name: NAMESPACE,
    setup({ onResolve, onLoad }) {
      onResolve({ filter }, ({ path, kind }) =>
        kind === 'require-call' ? { path, external: true } : { path, namespace: NAMESPACE },
      );
      onLoad({ filter: /./, namespace: NAMESPACE }, ({ path }) => ({
        contents: `${lookUp(path)}\nexport const { ${Object.keys(require(path)).join(', ')} } = $package;`,
      }));
    },
  };
}
