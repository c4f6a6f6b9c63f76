import { type FieldError, invalid, required, tooLong } from '../../meta/field-error.ts';
import { quote } from '../../meta/go-quote.ts';
import { dns1123LabelFaults, dns1123SubdomainFaults } from '../../meta/names.ts';

const MAX_DOMAIN = 253;
const MAX_NAME = 571;

/** `domain/name` (ValidateSignerName in pkg/apis/core/validation/names.go). */
export function signerNameErrors(name: string, path: string): FieldError[] {
  if (name === '') return [required(path)];
  const [domain = '', rest = '', ...more] = name.split('/');
  if (!name.includes('/') || more.length)
    return [
      invalid(path, name, "must be a fully qualified domain and path of the form 'example.com/signer-name'"),
    ];
  const errors: FieldError[] = [];
  if (domain.length > MAX_DOMAIN) errors.push(tooLong(path, MAX_DOMAIN));
  /** The first label that is none; others would be told in the same words. */
  const labels = (text: string, faultsOf: (label: string) => string[]) => {
    for (const label of text.split('.')) {
      const faults = faultsOf(label);
      errors.push(
        ...faults.map((fault) => invalid(path, text, `validating label ${quote(label)}: ${fault}`)),
      );
      if (faults.length) return;
    }
  };
  labels(domain, dns1123LabelFaults);
  if (!domain.includes('.'))
    errors.push(invalid(path, domain, 'should be a domain with at least two segments separated by dots'));
  labels(rest, dns1123SubdomainFaults);
  if (name.length > MAX_NAME) errors.push(tooLong(path, MAX_NAME));
  return errors;
}
