// Runs inside the sandbox, alone: takes one job, runs it, and writes what came of it. The twin of runner.py.
'use strict';

const fs = require('node:fs');
const { createRequire } = require('node:module');
const os = require('node:os');
const { inspect } = require('node:util');
const vm = require('node:vm');

const CODE = '/box/main.js';
const MAX_TRACE_CHARS = 4000;
const NO_NETWORK = 'code has no network: fetch with an HTTP request node and pass the answer in';
const NO_PROGRAMS = 'code may not start other programs or processes';
const resultFd = Number(process.argv[2]);

function send(payload) {
  const frame = Buffer.alloc(4 + payload.length);
  frame.writeUInt32BE(payload.length, 0);
  payload.copy(frame, 4);
  for (let sent = 0; sent < frame.length; ) sent += fs.writeSync(resultFd, frame, sent);
}

function exactly(size) {
  const parts = Buffer.alloc(size);
  for (let got = 0; got < size; ) {
    const read = fs.readSync(0, parts, got, size - got);
    if (read === 0) process.reallyExit(0);
    got += read;
  }
  return parts;
}

// What is printed is written at once: a stream would lose it when the process ends.
function printTo(descriptor) {
  return (chunk, encoding, done) => {
    const bytes = Buffer.from(chunk, typeof encoding === 'string' ? encoding : undefined);
    try {
      for (let sent = 0; sent < bytes.length; ) sent += fs.writeSync(descriptor, bytes, sent);
    } catch (error) {
      if (error.code !== 'EPIPE') throw error;
    }
    const after = typeof encoding === 'function' ? encoding : done;
    if (typeof after === 'function') after();
    return true;
  };
}

function hintOf(error) {
  for (let link = error, steps = 0; link && steps < 10; link = link.cause, steps += 1) {
    const call = String(link.syscall ?? '');
    if (['getaddrinfo', 'connect', 'socket', 'bind', 'listen'].includes(call) || call.startsWith('query')) {
      return NO_NETWORK;
    }
    if (call.startsWith('spawn') || call === 'kill') return NO_PROGRAMS;
    if (link.code === 'MODULE_NOT_FOUND') return "code has Node's own modules, and nothing can be installed from inside";
  }
  return '';
}

function told(error) {
  if (!(error instanceof Error) && !(error && error.stack)) {
    return { message: `the code threw ${String(error)}`.slice(0, MAX_TRACE_CHARS), hint: '', trace: '' };
  }
  const stack = String(error.stack);
  const own = stack.split('\n').filter((line) => !/^\s+at /.test(line) || line.includes(CODE));
  const trace = stack.includes(CODE) ? own.join('\n').slice(0, MAX_TRACE_CHARS) : '';
  const line = stack.match(/\/box\/main\.js:(\d+)/);
  const message = `${error.name}: ${String(error.message).split('\n')[0]}`.slice(0, MAX_TRACE_CHARS) + (line ? ` (line ${line[1]})` : '');
  return { message, hint: hintOf(error), trace };
}

async function valueOf(job) {
  const last = new vm.Script(job.code, { filename: CODE }).runInThisContext();
  if (job.entry === 'script') return last === undefined ? null : inspect(await last, { maxStringLength: 50000 });
  // A function of the code may be a `const`, which is no property of the global object.
  const main = vm.runInThisContext("typeof main === 'function' ? main : undefined");
  if (main === undefined) throw new ReferenceError('the code has no function `main`');
  const value = await main(job.arguments);
  if (value === undefined || typeof value === 'function' || typeof value === 'symbol') {
    throw new TypeError(`main returned ${typeof value}, which is no JSON`);
  }
  return value;
}

async function resultOf(job) {
  fs.writeFileSync(CODE, job.code);
  const value = await valueOf(job);
  const text = JSON.stringify({ value }, (key, item) => (typeof item === 'bigint' ? Number(item) : item));
  const payload = Buffer.from(text);
  if (payload.length > job.output_bytes) {
    throw new RangeError(`the result has ${payload.length} bytes as JSON; at most ${job.output_bytes} are taken`);
  }
  return payload;
}

function finish(payload) {
  send(payload);
  process.reallyExit(0);
}

function fail(error) {
  finish(Buffer.from(JSON.stringify({ error: told(error) })));
}

process.stdout.write = printTo(1);
process.stderr.write = printTo(2);
globalThis.require = createRequire(CODE);
globalThis.module = { exports: {} };
globalThis.exports = globalThis.module.exports;
globalThis.fetch = async () => {
  throw Object.assign(new Error('fetch is refused'), { syscall: 'connect' });
};
process.exit = (code) => {
  fail(new Error(`the code called process.exit(${code ?? ''})`));
};
process.on('uncaughtException', fail);
process.on('unhandledRejection', fail);

if (os.getPriority() < 5) os.setPriority(5); // code waits for models and databases, not they for it
try {
  fs.writeFileSync('/proc/self/oom_score_adj', '1000'); // short of memory, the kernel ends this before anything else
} catch {
  // It is as well off as everything else then.
}
send(Buffer.alloc(0));
const job = JSON.parse(exactly(exactly(4).readUInt32BE(0)).toString());
fs.closeSync(0);
fs.openSync('/dev/null');
resultOf(job).then(finish, fail);
// A promise that nothing will ever settle leaves nothing to do.
process.on('beforeExit', () => fail(new Error('main never settled: it waits for what cannot happen')));
