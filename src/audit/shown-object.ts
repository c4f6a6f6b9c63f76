type Fields = Record<string, unknown>;

/** The object, list or table without its managedFields; what it is made of is shared. */
export function withoutManagedFields(object: Fields): Fields {
  const out = leanMetadata(object);
  if (Array.isArray(object['items']))
    return { ...out, items: object['items'].map((item) => leanMetadata(item as Fields)) };
  if (object['kind'] === 'Table' && Array.isArray(object['rows'])) {
    const rows = (object['rows'] as Fields[]).map((row) =>
      row['object'] ? { ...row, object: leanMetadata(row['object'] as Fields) } : row,
    );
    return { ...out, rows };
  }
  return out;
}

function leanMetadata(object: Fields): Fields {
  const metadata = object?.['metadata'] as Fields | undefined;
  if (!metadata?.['managedFields']) return object;
  const { managedFields: _managedFields, ...rest } = metadata;
  return { ...object, metadata: rest };
}

/**
 * Tokens that stand in TokenRequests and TokenReviews could be used by whoever reads the log: of a JWT its claims stay
 * and its signature goes, any other token goes whole.
 */
export function withoutTokens(object: Fields): Fields {
  const { kind } = object;
  if (kind !== 'TokenRequest' && kind !== 'TokenReview') return object;
  const part = kind === 'TokenRequest' ? 'status' : 'spec';
  const holder = object[part] as Fields | undefined;
  const token = holder?.['token'];
  if (typeof token !== 'string' || token === '') return object;
  return { ...object, [part]: { ...holder, token: withoutSignature(token) } };
}

const JWT = /^(eyJ[\w-]+\.eyJ[\w-]+)\.[\w-]*$/;

function withoutSignature(token: string): string {
  const claims = JWT.exec(token)?.[1];
  return claims ? `${claims}.REDACTED` : 'REDACTED';
}
