// Bundles the sources of this folder into eventsys/static/dist: hashed names, a manifest, compressed copies.
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import zlib from "node:zlib";
import * as esbuild from "esbuild";
import * as sass from "sass";

const here = path.dirname(fileURLToPath(import.meta.url));
const target = path.join(here, "..", "static", "dist");
const modules = path.join(here, "node_modules");
const gzip = promisify(zlib.gzip);
const brotli = promisify(zlib.brotliCompress);

const entries = {
  "app.css": "css/app.css",
  "app.js": "js/app.js",
  "theme.js": "js/theme.js",
  "calendar.css": "css/calendar.css",
  "calendar.js": "js/calendar.js",
  "desk.js": "js/desk.js",
  "gate.css": "css/gate.css",
  "gate.js": "js/gate.js",
  "gate-decoder.js": "js/gate/decoder.js",
  "gate-pair.js": "js/gate-pair.js",
  "gate-worker.js": "js/gate/sw.js",
  "live.js": "js/live.js",
  "photos.js": "js/photos.js",
  "ticket.js": "js/ticket.js",
};

// Bootstrap 5 still speaks the older Sass dialect; its warnings are not ours to act on.
const bootstrap = {
  name: "sass",
  setup(build) {
    build.onLoad({ filter: /\.scss$/ }, ({ path: file }) => {
      const result = sass.compile(file, {
        loadPaths: [modules],
        quietDeps: true,
        silenceDeprecations: ["import", "global-builtin", "color-functions", "if-function"],
      });
      return { contents: result.css, loader: "css", resolveDir: path.dirname(file) };
    });
  },
};

async function bundle(name, source) {
  const result = await esbuild.build({
    absWorkingDir: here,
    entryPoints: [source],
    outfile: path.join(target, name),
    bundle: true,
    minify: true,
    write: false,
    charset: "utf8",
    format: "iife",
    target: ["chrome90", "safari15", "firefox91"],
    legalComments: "none",
    logLevel: "warning",
    loader: { ".svg": "dataurl", ".png": "dataurl" },
    plugins: [bootstrap],
  });
  return result.outputFiles[0].contents;
}

async function sprite() {
  const names = JSON.parse(await readFile(path.join(here, "icons.json"), "utf8"));
  const symbols = await Promise.all(
    names.map(async (name) => {
      const svg = await readFile(path.join(modules, "bootstrap-icons", "icons", `${name}.svg`), "utf8");
      const body = svg.slice(svg.indexOf(">") + 1, svg.lastIndexOf("</svg>")).replace(/\n\s*/g, "");
      return `<symbol id="${name}" viewBox="0 0 16 16">${body}</symbol>`;
    }),
  );
  return Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>\n`);
}

async function store(name, contents) {
  const hash = createHash("sha256").update(contents).digest("hex").slice(0, 10);
  const { name: stem, ext } = path.parse(name);
  const file = `${stem}-${hash}${ext}`;
  const quality = { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 11 } };
  const [gz, br] = await Promise.all([gzip(contents, { level: 9 }), brotli(contents, quality)]);
  await writeFile(path.join(target, file), contents);
  await writeFile(path.join(target, `${file}.gz`), gz);
  await writeFile(path.join(target, `${file}.br`), br);
  console.log(`${name.padEnd(16)} ${String(contents.length).padStart(8)} B  gzip ${gz.length}  brotli ${br.length}`);
  return file;
}

/** The poster's letters: for the server's own use, so neither compressed nor named in any page. */
async function font(name, source) {
  const contents = await readFile(path.join(modules, source));
  const hash = createHash("sha256").update(contents).digest("hex").slice(0, 10);
  const { name: stem, ext } = path.parse(name);
  const file = `${stem}-${hash}${ext}`;
  await writeFile(path.join(target, file), contents);
  return file;
}

async function build() {
  await mkdir(target, { recursive: true });
  const manifest = {};
  for (const [name, source] of Object.entries(entries)) {
    manifest[name] = await store(name, await bundle(name, source));
  }
  manifest["icons.svg"] = await store("icons.svg", await sprite());
  manifest["favicon.svg"] = await store("favicon.svg", await readFile(path.join(here, "favicon.svg")));
  manifest["poster.ttf"] = await font("poster.ttf", "@expo-google-fonts/noto-sans-sc/400Regular/NotoSansSC_400Regular.ttf");
  manifest["rare.ttf"] = await font("rare.ttf", "@expo-google-fonts/noto-sans-jp/400Regular/NotoSansJP_400Regular.ttf");

  // The manifest changes in one step, and only then do files of the earlier build go.
  const draft = path.join(target, "manifest.json.new");
  await writeFile(draft, `${JSON.stringify(manifest, null, 2)}\n`);
  await rename(draft, path.join(target, "manifest.json"));
  const kept = new Set(Object.values(manifest).flatMap((file) => [file, `${file}.gz`, `${file}.br`]));
  kept.add("manifest.json");
  for (const file of await readdir(target)) {
    if (!kept.has(file)) await rm(path.join(target, file), { recursive: true });
  }
}

await build();
