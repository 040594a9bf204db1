/** A password from a file, from a person who types it unseen, or from a pipe: never from the command line, where others see it. */
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { firstLineOf, wrongUse } from './server-options.ts';

/** A longer line is no password. */
const MAX_SECRET_CHARACTERS = 1024;

/** `file`: that of `--password-file`, if it was given. @throws cli/usage */
export async function newPassword(file: string | undefined): Promise<string> {
  if (file !== undefined) return await firstLineOf(file, '--password-file');
  if (!process.stdin.isTTY) return await pipedLine();
  const first = await typed('New password: ');
  if (first !== (await typed('The same once more: '))) throw wrongUse('the two passwords differ: nothing was changed');
  return first;
}

async function pipedLine(): Promise<string> {
  let text = '';
  for await (const part of process.stdin.setEncoding('utf8') as AsyncIterable<string>) {
    text += part;
    if (text.includes('\n') || text.length > MAX_SECRET_CHARACTERS) break;
  }
  const line = text.split(/\r?\n/, 1)[0] ?? '';
  if (line !== '' && line.length <= MAX_SECRET_CHARACTERS) return line;
  throw wrongUse('the password is typed, comes as one line on standard input, or from --password-file FILE');
}

async function typed(question: string): Promise<string> {
  process.stderr.write(question);
  const unseen = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: unseen, terminal: true });
  const ended = Promise.withResolvers<string>();
  terminal.once('close', () => ended.reject(wrongUse('no password was typed: nothing was changed')));
  try {
    return await Promise.race([terminal.question(''), ended.promise]);
  } finally {
    terminal.close();
    process.stderr.write('\n');
  }
}
