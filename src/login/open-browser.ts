import { spawn } from 'node:child_process';

const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  darwin: ['open'],
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
};

/** Has the desktop show an address. Where there is none nothing happens: the address is printed besides. */
export function openBrowser(url: string): void {
  const [command = 'xdg-open', ...args] = COMMANDS[process.platform] ?? ['xdg-open'];
  const opened = spawn(command, [...args, url], { stdio: 'ignore', detached: true });
  opened.on('error', () => {});
  opened.unref();
}
