import {
  DerError,
  derElements,
  derInside,
  derOid,
  derSequence,
  derSet,
  derString,
  oidText,
  TAG,
} from './der.ts';

const ORGANIZATION = '2.5.4.10';
const COMMON_NAME = '2.5.4.3';

const part = (oid: string, value: string): Buffer => derSet([derSequence(derOid(oid), derString(value))]);

/**
 * A subject (RFC 5280 4.1.2.4) of organizations and a common name, in DER. Values are taken as they are: the text form of
 * names, with its quotes and escapes, would read other names into some of them.
 */
export function subjectName(commonName: string, organizations: readonly string[] = []): Buffer {
  return derSequence(
    ...organizations.map((organization) => part(ORGANIZATION, organization)),
    part(COMMON_NAME, commonName),
  );
}

/** A name in DER with another common name, and everything else as it was. Throws DerError where it is none. */
export function withCommonName(name: Buffer, commonName: string): Buffer {
  const [outer] = derElements(name);
  if (outer?.tag !== TAG.sequence) throw new DerError('asn1: structure error: a name is a SEQUENCE');
  const kept = derElements(outer.content).filter(
    (relative) =>
      !derInside(relative, TAG.set).some((attribute) => {
        const [type] = derInside(attribute, TAG.sequence);
        return type?.tag === TAG.oid && oidText(type.content) === COMMON_NAME;
      }),
  );
  return derSequence(...kept.map(({ whole }) => whole), part(COMMON_NAME, commonName));
}
