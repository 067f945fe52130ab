//! Small values with a form: texts with a limit, money, periods, countries, currencies, languages.
