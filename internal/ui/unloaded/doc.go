// Package unloaded shows records that were not loaded: causes, lists, one of
// them, issues, and what is known of a record over all runs. Its screens hold
// what control handed over, and are view.Screens. Values stand in them as they
// were made safe when they were found; a record's own content only where it
// was asked for. It decides nothing. Start reading at Stats.
package unloaded
