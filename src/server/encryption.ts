import type { Clock } from '../meta/clock.ts';
import type { EncryptionProviders } from '../storage/encryption/providers.ts';
import type { Log } from './log.ts';
import type { ServerOptions } from './options.ts';

/** What --encryption-provider-config says; undefined where it is not given. Throws EncryptionConfigurationError. */
export async function encryptionOf(
  { encryption: { configFile, reload } }: ServerOptions,
  log: Log,
  clock: Clock | undefined,
): Promise<EncryptionProviders | undefined> {
  if (!configFile) return undefined;
  const { EncryptionProviders } = await import('../storage/encryption/providers.ts');
  return EncryptionProviders.load({
    path: configFile,
    reload,
    ...(clock ? { clock } : {}),
    onReload: (error) => {
      if (error)
        log.error(
          { path: configFile, error: error.message },
          'not reloaded; what was read before stays in force',
        );
      else log.info({ path: configFile }, 'reloaded');
    },
  });
}
