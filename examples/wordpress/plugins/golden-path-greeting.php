<?php
/**
 * Plugin Name: Golden Path Greeting
 * Description: Says in the footer which release of the site this is.
 * Version: 1.0.0
 * License: Apache-2.0
 */

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

add_action(
	'wp_footer',
	static function () {
		$release = getenv( 'RELEASE' ) ? getenv( 'RELEASE' ) : 'unreleased';
		printf( '<p class="golden-path">Release %s</p>', esc_html( $release ) );
	}
);
